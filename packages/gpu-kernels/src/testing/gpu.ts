import { findAdapter } from '#platform/adapters.ts';
import { afterAll, beforeAll, expect } from 'vitest';
import { type AcquireOptions, acquireGpu } from '../device/acquire.ts';
import { kernelTexts } from '../kernels/catalogue.ts';
import { Gpu } from '../runtime/gpu.ts';
import type { Kernel } from '../runtime/kernel.ts';
import { TUNINGS, type Tuning } from '../runtime/tuning.ts';

/** Prefix of the labels of kernels that tests define themselves. */
const OF_TESTS = 'test.';

const adapterOfTests = (): string => process.env['ICL_GD_ADAPTER'] ?? 'auto';

/** Opens the adapter that ICL_GD_ADAPTER names (`auto` if unset), with kernels in the form that ICL_GD_PARAMETERS names. */
export function acquireTestGpu(
  options: Pick<AcquireOptions, 'onCompile' | 'dawn' | 'profile'> = {},
): Promise<Gpu> {
  const parameters = process.env['ICL_GD_PARAMETERS'] as AcquireOptions['parameters'];
  return acquireGpu({ ...options, ...(parameters && { parameters }), adapter: adapterOfTests() });
}

/** A device of its own on that adapter, with the default limits of WebGPU and no features. */
export async function acquirePlainTestGpu(): Promise<Gpu> {
  const { adapter, description } = await findAdapter(adapterOfTests());
  return Gpu.fromDevice(await adapter.requestDevice(), description);
}

/**
 * One device for a test file. Without an adapter the file fails. Every kernel that ran must be in the catalogue.
 * @param tunings those besides the table's that kernels of the catalogue are made for
 */
export function useGpu(tunings: readonly Tuning[] = []): () => Gpu {
  let gpu: Gpu | undefined;
  beforeAll(async () => {
    gpu = await acquireTestGpu();
  });
  afterAll(async () => {
    await gpu?.finish();
    const kernels = gpu?.pipelines.kernels.filter(({ label }) => !label.startsWith(OF_TESTS)) ?? [];
    gpu?.dispose();
    const texts = kernelTexts([...Object.values(TUNINGS), ...tunings]);
    for (const { label, wgsl } of kernels)
      expect(texts.get(label), `kernel ${label} in the catalogue`).toBe(wgsl);
  });
  return () => {
    if (gpu === undefined) throw new Error('the device is there only inside tests');
    return gpu;
  };
}

/** Fails unless all of these kernels have run on the device; names those that have not. */
export function expectRan(gpu: Gpu, kernels: readonly Kernel[]): void {
  const ran = new Set(gpu.pipelines.kernels);
  expect(kernels.filter((kernel) => !ran.has(kernel)).map(({ label }) => label)).toEqual([]);
}
