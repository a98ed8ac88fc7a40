import { UserError } from '../errors.ts';
import { EXTENSION_FEATURES, type Kernel } from './kernel.ts';
import { fixedSubgroupSize } from './subgroup-size.ts';

/**
 * What the kernels of this package need of a device at most; WebGPU's default limits are as high, those of its
 * compatibility mode are lower.
 */
export const NEEDED_LIMITS = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 2,
  maxComputeWorkgroupStorageSize: 16_384,
} as const;

/** @throws UserError (`unfit-device`) naming every limit that is lower than kernels of this package need */
export function refuseSmallLimits({ limits }: Pick<GPUDevice, 'limits'>, adapter: string): void {
  const small = Object.entries(NEEDED_LIMITS).filter(
    ([name, needed]) => (limits[name as keyof typeof NEEDED_LIMITS] ?? Infinity) < needed,
  );
  if (small.length === 0) return;
  const lacks = small.map(
    ([name, needed]) => `${name} is ${limits[name as keyof typeof NEEDED_LIMITS]} and must be ${needed}`,
  );
  throw new UserError(
    `the device on ${adapter} allows less than the kernels need: ${lacks.join(', ')}; request it with WebGPU's default limits at least`,
    'unfit-device',
  );
}

/** @throws UserError (`unfit-device`) if the device cannot run the kernel */
export function refuseUnfit(
  { label, enables, subgroupSize, storage, workgroupSize }: Kernel,
  device: GPUDevice,
): void {
  const refuse = (lack: string): never => {
    throw new UserError(`kernel ${label} needs ${lack}`, 'unfit-device');
  };
  const missing = enables
    .map((extension) => EXTENSION_FEATURES[extension])
    .find((feature) => !device.features.has(feature));
  if (missing !== undefined) refuse(`the feature ${missing}, which this device lacks`);
  const actual = fixedSubgroupSize(device);
  if (subgroupSize !== undefined && actual !== subgroupSize)
    refuse(
      `subgroups of ${subgroupSize} invocations; those of this device have ${actual ?? 'no fixed size'}`,
    );
  const { limits } = device;
  const buffers = Object.keys(storage).length;
  if (buffers > limits.maxStorageBuffersPerShaderStage)
    refuse(`${buffers} storage buffers; this device binds at most ${limits.maxStorageBuffersPerShaderStage}`);
  const [x, y, z] = workgroupSize;
  const most = limits.maxComputeInvocationsPerWorkgroup;
  if (x * y * z > most) refuse(`${x * y * z} invocations a workgroup; this device has at most ${most}`);
}
