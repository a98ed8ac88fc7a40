import { expect, test } from 'vitest';
import { BindGroupCache } from './bind-group-cache.ts';
import type { BoundRanges } from './dispatch-arguments.ts';
import type { CompiledKernel } from './pipeline-cache.ts';

test('bind groups that are dropped are freed though the host has made hardly anything else', async () => {
  const groups: WeakRef<GPUBindGroup>[] = [];
  const device = {
    createBindGroup: () => {
      const group = {} as GPUBindGroup;
      groups.push(new WeakRef(group));
      return group;
    },
  } as unknown as GPUDevice;
  const cache = new BindGroupCache(device, {} as GPUBuffer, 4);
  const compiled = { number: 1, kernel: { label: 'test' }, layout: {}, form: 'immediate' };
  for (let i = 0; i < 17_000; i++) {
    const ranges = { buffers: [{}], ids: [i], offsets: [0], sizes: [4], count: 1 };
    cache.get(compiled as unknown as CompiledKernel, ranges as unknown as BoundRanges);
    if (i % 1000 === 0) await new Promise(setImmediate);
  }
  const alive = groups.slice(0, 8000).filter((group) => group.deref() !== undefined).length;
  expect(alive).toBeLessThan(100);
});
