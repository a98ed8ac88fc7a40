import { findAdapter, findAllAdapters } from '#platform/adapters.ts';
import { askedByEnvironment } from '#platform/debug.ts';
import { UserError } from '../errors.ts';
import { refuseMisspelt, requireOneOf } from '../options.ts';
import { type DeviceOptions, Gpu } from '../runtime/gpu.ts';
import { type MatrixUnits, matrixUnitsOf } from '../runtime/matrix-units.ts';
import { type DawnSwitch, parseSwitches } from './dawn-switches.ts';
import { type AdapterDescription, describeAdapter } from './description.ts';

const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
] as const;

/** The last is shown by adapters alone whose Dawn was told to (`unsafe-apis`). */
const WANTED_FEATURES = [
  'shader-f16',
  'subgroups',
  'chromium-experimental-subgroup-matrix',
] as GPUFeatureName[];

/** Kernels of matrix products that may be asked for, as {@link AcquireOptions.matmul} has them. */
export const MATMULS = ['auto', 'f32', 'matrix'] as const;

/** One of {@link MATMULS}. */
export type MatmulChoice = (typeof MATMULS)[number];

/** How {@link acquireGpu} chooses an adapter and what it tells. */
export interface AcquireOptions extends Pick<DeviceOptions, 'onCompile' | 'parameters'> {
  /**
   * `auto` (default: hardware, else the system's software adapter, else the bundled SwiftShader), `hardware`,
   * `software`, `swiftshader`, or part of an adapter's name.
   */
  readonly adapter?: string;
  /** A device that is there already, instead of one of an adapter: it stays open at `dispose`, because it is yours. */
  readonly device?: GPUDevice;
  /**
   * Whether kernels are to be timed: opens the device with timestamps (the feature `timestamp-query`), which
   * {@link Gpu.profile} takes. No if absent.
   */
  readonly profile?: boolean;
  /**
   * Checks of Dawn that are switched off, and unfinished features that are switched on, beside those that the environment
   * variable ICL_GD_DAWN lists. None if absent; of no effect outside of Node.
   */
  readonly dawn?: readonly DawnSwitch[];
  /**
   * `f32` (the same as `auto`, the default): matrix products run in float32 arithmetic. `matrix`: those of probing run on
   * the device's matrix units, which is experimental, and refused where the device lacks what that needs.
   */
  readonly matmul?: MatmulChoice;
  /** Told which adapter runs, loudly when it is a software one. */
  readonly log?: (line: string) => void;
}

const KNOWN_OPTIONS: Required<{ [name in keyof AcquireOptions]: true }> = {
  adapter: true,
  dawn: true,
  device: true,
  log: true,
  matmul: true,
  onCompile: true,
  parameters: true,
  profile: true,
};

/** Where the driver is from, in words. */
const DRIVERS: Readonly<Record<AdapterDescription['source'], string>> = {
  system: 'system driver',
  bundled: 'bundled driver',
  navigator: 'the driver that navigator.gpu has',
  given: 'on the device that was given',
};

/**
 * Opens a device with all that its adapter allows: through `navigator.gpu` where there is one (browsers, Deno), else
 * through Dawn's bindings for Node, the npm package `webgpu`. There, with `wgsl` in the environment variable
 * ICL_GD_DEBUG, the text of each kernel is printed to standard error as it is first compiled; with any value,
 * everything that Dawn and the Vulkan loader say is shown.
 * @throws UserError (`no-adapter`) if WebGPU is not there, or no adapter fits; (`unfit-device`) if the device allows
 *   less than the kernels need, or lacks what matrix units need; RangeError for both a device and an adapter, what is no device, and a misspelt option
 */
export async function acquireGpu(options: AcquireOptions = {}): Promise<Gpu> {
  if (typeof options !== 'object')
    throw new RangeError(`acquireGpu takes options, such as { adapter: "${String(options)}" }`);
  refuseMisspelt('acquireGpu', options, KNOWN_OPTIONS);
  const { matmul = 'auto' } = options;
  requireOneOf('acquireGpu: matmul', matmul, MATMULS);
  const { device, description, hint, ...kept } = await chosenDevice(options);
  if (description.kind === 'software') {
    options.log?.(
      `WARNING: no GPU in use: kernels run on the CPU through ${description.description} (${DRIVERS[description.source]})${hint === undefined ? '' : `; ${hint}`}`,
    );
  } else {
    options.log?.(`adapter: ${description.description} (${description.vendor})`);
  }
  const { onCompile, parameters } = options;
  let matrixUnits: MatrixUnits | undefined;
  try {
    if (matmul === 'matrix') matrixUnits = requireMatrixUnits(device, description, options.log);
  } catch (error) {
    if (kept.keepDevice !== true) device.destroy();
    throw error;
  }
  return Gpu.fromDevice(device, description, {
    ...kept,
    ...(matrixUnits ? { matrixUnits } : {}),
    ...(parameters === undefined ? {} : { parameters }),
    ...(onCompile === undefined ? askedByEnvironment() : { onCompile }),
  });
}

/** @throws UserError (`unfit-device`) saying what the device lacks */
function requireMatrixUnits(
  device: GPUDevice,
  { description }: AdapterDescription,
  log: AcquireOptions['log'],
): MatrixUnits {
  const found = matrixUnitsOf(device);
  if ('lacks' in found) {
    const { lacks, hint } = found;
    throw new UserError(
      `matrix units need ${lacks}, which ${description} lacks${hint === undefined ? '' : `; ${hint}`}`,
      'unfit-device',
    );
  }
  const { component, size } = found;
  log?.(
    `WARNING: what is probed runs on matrix units (${component}, ${size} x ${size} x ${size}): experimental, no hardware has confirmed these numbers yet`,
  );
  return found;
}

async function chosenDevice({
  adapter,
  device,
  dawn = [],
  profile = false,
}: AcquireOptions): Promise<OpenedDevice> {
  if (device === undefined) {
    const switches = parseSwitches(dawn.join(), 'acquireGpu');
    return open(adapter ?? 'auto', { profile, dawn: switches });
  }
  if (adapter !== undefined)
    throw new RangeError(`acquireGpu takes a device or the name of an adapter ("${adapter}"), not both`);
  // From JavaScript anything may come: an adapter, or a Gpu.
  if (typeof device?.limits !== 'object' || 'requestDevice' in device)
    throw new RangeError('acquireGpu: the device is no GPUDevice, as adapter.requestDevice() gives');
  return { device, description: describeAdapter(device.adapterInfo, 'given'), keepDevice: true };
}

/** A device, its adapter, and how a Gpu is to hold it. */
export interface OpenedDevice extends Pick<DeviceOptions, 'keepDevice'> {
  readonly device: GPUDevice;
  readonly description: AdapterDescription;
  readonly hint?: string;
}

/** How a device is opened. */
type OpenOptions = Required<Pick<AcquireOptions, 'profile' | 'dawn'>>;

/**
 * Opens a device of an adapter with all that the adapter allows.
 * @throws UserError (`no-adapter`) if no adapter fits
 */
export async function openDevice(choice: string, { profile, dawn }: OpenOptions): Promise<OpenedDevice> {
  const { adapter, ...found } = await findAdapter(choice, profile ? [...dawn, 'exact-timestamps'] : dawn);
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const wanted = profile ? [...WANTED_FEATURES, 'timestamp-query' as const] : WANTED_FEATURES;
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ label: 'icl-gd', requiredLimits, requiredFeatures });
  return { device, ...found };
}

let open = openDevice;

/** Has {@link acquireGpu} take its devices from elsewhere: tests keep one for many Gpus. */
export function takeDevicesFrom(source: typeof openDevice): void {
  open = source;
}

/**
 * Every adapter that `acquireGpu` can be asked for by name.
 * @throws UserError (`no-adapter`) if WebGPU is not there
 */
export async function listAdapters(): Promise<AdapterDescription[]> {
  return findAllAdapters();
}
