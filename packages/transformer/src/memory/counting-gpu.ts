import { type AdapterDescription, Gpu } from '@icl-gd/gpu-kernels';
import type { PlannedDevice } from './planned-device.ts';

/** Kernels of an adapter that is not known are planned as those of a graphics card. */
const ANY_ADAPTER: AdapterDescription = {
  description: 'any adapter',
  vendor: '',
  architecture: '',
  device: '',
  kind: 'hardware',
  profile: '',
  source: 'system',
};

/**
 * A Gpu on which everything is recorded as on a real one and nothing happens: no kernel is compiled or run, no buffer has
 * contents. Its pool gives free buffers back at once, so that `pool.peakBytes` is the most that is in use at any time.
 */
export function countingGpu({
  maxBindingBytes,
  adapter = ANY_ADAPTER,
  device,
  matrixUnits,
}: PlannedDevice): Gpu {
  const gpu = Gpu.fromDevice(countingDevice(maxBindingBytes, device), adapter, { matrixUnits });
  gpu.pool.limits = { planned: 0, budget: Infinity };
  return gpu;
}

function countingDevice(maxBindingBytes: number, facts: PlannedDevice['device']): GPUDevice {
  const nothing = (): void => {};
  const something = (): object => ({});
  const pass = {
    setPipeline: nothing,
    setBindGroup: nothing,
    dispatchWorkgroups: nothing,
    end: nothing,
  };
  const encoder = {
    beginComputePass: () => pass,
    clearBuffer: nothing,
    copyBufferToBuffer: nothing,
    finish: something,
  };
  const device = {
    limits: {
      maxBufferSize: Infinity,
      maxStorageBufferBindingSize: maxBindingBytes,
      maxStorageBuffersPerShaderStage: facts?.limits?.maxStorageBuffersPerShaderStage ?? Infinity,
    },
    features: facts?.features ?? new Set(),
    adapterInfo: facts?.adapterInfo,
    lost: new Promise(nothing),
    queue: { submit: nothing, writeBuffer: nothing },
    addEventListener: nothing,
    createBuffer: ({ size }: { size: number }) => ({ size, destroy: nothing }),
    createBindGroupLayout: something,
    createPipelineLayout: something,
    createShaderModule: something,
    createComputePipeline: something,
    createBindGroup: something,
    createCommandEncoder: () => encoder,
    destroy: nothing,
  };
  return device as unknown as GPUDevice;
}
