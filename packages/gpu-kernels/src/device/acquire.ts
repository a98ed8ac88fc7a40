import { type DeviceOptions, Gpu } from '../runtime/gpu.ts';
import type { Kernel } from '../runtime/kernel.ts';
import type { AdapterDescription } from './description.ts';

const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
] as const;

const WANTED_FEATURES: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];

/** How {@link acquireGpu} chooses an adapter and what it tells. */
export interface AcquireOptions {
  /**
   * `auto` (default: hardware, else the system's software adapter, else the bundled SwiftShader), `hardware`,
   * `software`, `swiftshader`, or part of an adapter's name.
   */
  readonly adapter?: string;
  /** Told which adapter runs, loudly when it is a software one. */
  readonly log?: (line: string) => void;
}

/**
 * Opens a device through Dawn's node bindings with all that its adapter allows. Where a device exists already (browser,
 * Deno), use {@link Gpu.fromDevice}. With `wgsl` in the environment variable ICL_GD_DEBUG, the text of each kernel is
 * printed to standard error as it is first compiled; with any value, everything that Dawn and the Vulkan loader say is shown.
 * @throws UserError (`no-adapter`) if no adapter fits
 */
export async function acquireGpu(options: AcquireOptions = {}): Promise<Gpu> {
  const { device, description, hint, ...kept } = await open(options.adapter ?? 'auto');
  if (description.kind === 'software') {
    options.log?.(
      `WARNING: no GPU in use: kernels run on the CPU through ${description.description} (${description.source} driver)${hint === undefined ? '' : `; ${hint}`}`,
    );
  } else {
    options.log?.(`adapter: ${description.description} (${description.vendor})`);
  }
  const debugged = (process.env['ICL_GD_DEBUG'] ?? '').split(',');
  return Gpu.fromDevice(device, description, {
    ...kept,
    ...(debugged.includes('wgsl') ? { onCompile: printKernel } : {}),
  });
}

/** A device, its adapter, and how a Gpu is to hold it. */
export interface OpenedDevice extends Pick<DeviceOptions, 'pipelines' | 'keepDevice'> {
  readonly device: GPUDevice;
  readonly description: AdapterDescription;
  readonly hint?: string;
}

/**
 * Opens a device of an adapter with all that the adapter allows.
 * @throws UserError (`no-adapter`) if no adapter fits
 */
export async function openDevice(choice: string): Promise<OpenedDevice> {
  // Only Node gets here: the rest of the package stays free of Node's modules.
  const { findAdapter } = await import('./adapters.ts');
  const { adapter, ...found } = await findAdapter(choice);
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ label: 'icl-gd', requiredLimits, requiredFeatures });
  return { device, ...found };
}

let open = openDevice;

/** Has {@link acquireGpu} take its devices from elsewhere: tests keep one for many Gpus. */
export function takeDevicesFrom(source: typeof openDevice): void {
  open = source;
}

function printKernel({ label, wgsl }: Kernel): void {
  console.error(`// ${label}\n${wgsl}`);
}

/** Every adapter that `acquireGpu` can be asked for by name. */
export async function listAdapters(): Promise<AdapterDescription[]> {
  const { findAllAdapters } = await import('./adapters.ts');
  return findAllAdapters();
}
