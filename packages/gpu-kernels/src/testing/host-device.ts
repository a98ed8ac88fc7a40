import type { Gpu } from '../runtime/gpu.ts';
import type { Kernel } from '../runtime/kernel.ts';
import type { Operand, Tensor } from '../runtime/tensor.ts';
import { runOnHost } from './wgsl-host/run.ts';

type Numbers = Float32Array | Uint32Array;

/** What tensors hold. */
export async function memoryOf(gpu: Gpu, tensors: readonly Tensor[]): Promise<Map<Tensor, Numbers>> {
  const memory = new Map<Tensor, Numbers>();
  for (const tensor of tensors)
    memory.set(tensor, tensor.dtype === 'uint32' ? await gpu.readIndices(tensor) : await gpu.read(tensor));
  return memory;
}

/**
 * A Gpu whose dispatches run on the host.
 * @param memory what tensors hold, which kernels change; those that nobody wrote are NaN
 * @param ran receives the kernels
 */
export function hostDevice(device: Gpu, memory: Map<Tensor, Numbers>, ran: Set<Kernel>): Gpu {
  const limits = { ...device.device.limits, maxStorageBuffersPerShaderStage: 16 };
  Object.defineProperty(device, 'device', { value: { limits } });
  device.dispatch = ((kernel, storage, params, [width, height]) => {
    ran.add(kernel as Kernel);
    const own = Object.entries<Operand>(storage).map(([name, operand]) => {
      const tensor = 'tensor' in operand ? operand.tensor : operand;
      const values = memory.get(tensor) ?? new Float32Array(tensor.length).fill(NaN);
      memory.set(tensor, values);
      return [name, values] as const;
    });
    runOnHost(kernel.wgsl, { storage: Object.fromEntries(own), params, workgroups: [width, height] });
  }) as Gpu['dispatch'];
  return device;
}
