import { expect, it } from 'vitest';
import { acquireTestGpu } from '../testing/gpu.ts';
import { useOwnDevices } from '../testing/share-devices.ts';
import { defineKernel, grid } from './kernel.ts';

useOwnDevices();

const fill = (i: number, value = `${i}.0`) =>
  defineKernel({
    label: `test.fill-${i}`,
    storage: { out: '&f32' },
    params: { count: 'u32' },
    workgroupSize: [1],
    body: `if (workgroup < params.count) { out[workgroup] = ${value}; }`,
  });

it('kernels are compiled before they are needed, once, and told of', async () => {
  const announced: string[] = [];
  const gpu = await acquireTestGpu({ onCompile: ({ label }) => announced.push(label) });
  try {
    const kernels = Array.from({ length: 40 }, (_, i) => fill(i));
    const progress: number[] = [];
    const onProgress = ({ finished, total }: { finished: number; total: number }): void =>
      void progress.push(finished, total);
    using scope = gpu.scope();
    const out = scope.tensor([1]);
    const warming = [gpu.warm([...kernels, ...kernels], { onProgress }), gpu.warm(kernels.slice(30))];
    // Needed while it is being compiled.
    gpu.dispatch(kernels[39]!, { out }, { count: 1 }, grid(1));
    await Promise.all(warming);
    expect(await gpu.read(out)).toEqual(Float32Array.of(39));
    expect(progress).toEqual(kernels.flatMap((_, i) => [i + 1, 40]));
    const labels = kernels.map(({ label }) => label).sort();
    expect([...new Set(announced)].sort()).toEqual(labels);
    announced.length = 0;
    for (const kernel of kernels) gpu.dispatch(kernel, { out }, { count: 1 }, grid(1));
    await gpu.warm(kernels);
    expect(announced).toEqual([]);
    expect(await gpu.read(out)).toEqual(Float32Array.of(39));
    expect(gpu.pipelines.kernels).toHaveLength(40);
  } finally {
    gpu.dispose();
  }
});

it('compiling in advance says which kernel does not compile, and stops when it is told to', async () => {
  const gpu = await acquireTestGpu();
  try {
    await expect(gpu.warm([fill(1), fill(7, 'nonsense'), fill(2)])).rejects.toThrow(
      /^kernel test\.fill-7 does not compile: /,
    );
    const stop = new AbortController();
    const finished: number[] = [];
    const onProgress = (progress: { finished: number }): void => {
      finished.push(progress.finished);
      stop.abort(new Error('enough'));
    };
    const many = Array.from({ length: 200 }, (_, i) => fill(100 + i));
    await expect(gpu.warm(many, { onProgress, signal: stop.signal })).rejects.toThrow('enough');
    expect(finished.length).toBeLessThan(40);
  } finally {
    gpu.dispose();
  }
  await expect(gpu.warm([])).rejects.toThrow(/^warm: the Gpu on .* was disposed$/);
});
