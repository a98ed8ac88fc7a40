import { afterAll, expect } from 'vitest';
import type { LiveTensor } from '../runtime/buffer-pool.ts';
import { Gpu } from '../runtime/gpu.ts';

/** Made since the test file began, disposed ones too: they may have tensors that were not. */
const made = new Set<Gpu>();

const fromDevice = Gpu.fromDevice;
Gpu.fromDevice = (...args) => {
  const gpu = fromDevice(...args);
  made.add(gpu);
  return gpu;
};

/** What was not disposed on all Gpus that were made since this was last asked. */
export function takeLeaks(): string[] {
  const leaks = [...made].flatMap((gpu) => gpu.pool.liveTensors().map(inWords));
  made.clear();
  return leaks;
}

const inWords = ({ label, shape, dtype }: LiveTensor): string => `${label} ${dtype} [${shape.join(', ')}]`;

/** At the end of a test file no tensor may be left, on no Gpu that was made in it. */
export function refuseLeaks(): void {
  afterAll(() => {
    expect(takeLeaks(), 'tensors that were not disposed').toEqual([]);
  });
}
