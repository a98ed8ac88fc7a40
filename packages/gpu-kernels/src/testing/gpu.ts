import { afterAll, beforeAll, expect } from 'vitest';
import { acquireGpu } from '../device/acquire.ts';
import { kernelTexts } from '../kernels/catalogue.ts';
import type { Gpu } from '../runtime/gpu.ts';
import { BufferUsage } from '../runtime/webgpu-constants.ts';

/** Prefix of the labels of kernels that tests define themselves. */
const OF_TESTS = 'test.';

/** Opens the adapter that ICL_GD_ADAPTER names (`auto` if unset). New tensors hold NaN. */
export async function acquireTestGpu(): Promise<Gpu> {
  const gpu = await acquireGpu({ adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto' });
  poisonNewBuffers(gpu.device);
  return gpu;
}

/**
 * WebGPU clears new buffers, but nobody clears those that the pool hands out again: what counts on zeros fails only in long
 * runs. So that it fails at once, storage buffers begin with one bits, which are NaN in every float type.
 */
function poisonNewBuffers(device: GPUDevice): void {
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    if ((descriptor.usage & BufferUsage.STORAGE) === 0) return create(descriptor);
    const buffer = create({ ...descriptor, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).fill(0xff);
    buffer.unmap();
    return buffer;
  };
}

/**
 * One device for a test file. Without an adapter the file fails. At the end no tensor may be left, and every kernel that
 * ran must be in the catalogue.
 */
export function useGpu(): () => Gpu {
  let gpu: Gpu | undefined;
  beforeAll(async () => {
    gpu = await acquireTestGpu();
  });
  afterAll(async () => {
    await gpu?.finish();
    const leaked = gpu?.pool.live;
    const kernels = gpu?.pipelines.kernels.filter(({ label }) => !label.startsWith(OF_TESTS)) ?? [];
    gpu?.dispose();
    expect(leaked, 'tensors that no test disposed').toEqual({ bytes: 0, buffers: 0 });
    const texts = kernelTexts();
    for (const { label, wgsl } of kernels)
      expect(texts.get(label), `kernel ${label} in the catalogue`).toBe(wgsl);
  });
  return () => {
    if (gpu === undefined) throw new Error('the device is there only inside tests');
    return gpu;
  };
}
