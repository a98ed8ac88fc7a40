import { describe, expect, it } from 'vitest';
import { expectSameBits } from '../testing/closeness.ts';
import { useGpu } from '../testing/gpu.ts';
import { useOwnDevices } from '../testing/share-devices.ts';
import { defineKernel, grid } from './kernel.ts';
import { StagingBuffers } from './staging.ts';

useOwnDevices();
const gpu = useGpu();

const ADD_ONE = defineKernel({
  label: 'test.add-one',
  storage: { out: '&f32' },
  params: { count: 'u32' },
  workgroupSize: [1],
  body: 'if (workgroup < params.count) { out[workgroup] += 1.0; }',
});

describe('reading several tensors at once', () => {
  it('gives what reading one after the other does, of every dtype, ranges and nothing included', async () => {
    using scope = gpu().scope();
    const full = scope.upload(
      Float32Array.from({ length: 9 }, (_, i) => Math.sqrt(i)),
      [9],
    );
    const halves = scope.tensor([7], 'halves', 'float16');
    gpu().write(halves, Float32Array.of(1, 2, 3, 4, 5, 6, 7));
    const tokens = scope.upload(Uint32Array.of(4, 2 ** 32 - 1, 0), [3]);
    const none = scope.tensor([0], 'none', 'uint32');
    const [all, part, odd, indices, nothing, empty] = await gpu().readAll([
      full,
      { tensor: full, offset: 3, length: 4 },
      { tensor: halves, offset: 3, length: 3 },
      { indices: tokens },
      { tensor: full, length: 0 },
      { indices: none },
    ]);
    expectSameBits(all, await gpu().read(full));
    expectSameBits(part, await gpu().read(full, 3, 4));
    expect(odd).toEqual(Float32Array.of(4, 5, 6));
    expect(indices).toEqual(Uint32Array.of(4, 2 ** 32 - 1, 0));
    expect([nothing, empty]).toEqual([new Float32Array(0), new Uint32Array(0)]);
    expect(await gpu().readAll([])).toEqual([]);
    await expect(gpu().readAll([full, tokens])).rejects.toThrow(`reading ${tokens.label}, which is uint32`);
    await expect(gpu().readAll([{ tensor: full, offset: 8, length: 2 }])).rejects.toThrow(
      /reading 2 elements at 8/,
    );
  });

  it('fills arrays that are given, those of float16 and parts of arrays included', async () => {
    using scope = gpu().scope();
    const full = scope.upload(
      Float32Array.from({ length: 9 }, (_, i) => Math.sqrt(i)),
      [9],
    );
    const halves = scope.tensor([7], 'halves', 'float16');
    gpu().write(halves, Float32Array.of(1, 2, 3, 4, 5, 6, 7));
    const own = new Float32Array(12).fill(-1);
    const [into, odd, none] = [own.subarray(2, 6), own.subarray(8, 11), new Float32Array(0)];
    const read = await gpu().readAll([
      { tensor: halves, offset: 3, length: 3, into: odd },
      full,
      { tensor: full, offset: 3, length: 4, into },
      { tensor: full, length: 0, into: none },
    ]);
    for (const [i, given] of [odd, undefined, into, none].entries()) if (given) expect(read[i]).toBe(given);
    expectSameBits(
      own,
      Float32Array.of(-1, -1, ...[3, 4, 5, 6].map((i) => Math.sqrt(i)), -1, -1, 4, 5, 6, -1),
    );
    expectSameBits(read[1], await gpu().read(full));
    const short = gpu().readAll([{ tensor: full, into }]);
    await expect(short).rejects.toThrow(/reading 9 elements of uploaded into an array of 4/);
  });

  it('maps one buffer once', async () => {
    using scope = gpu().scope();
    const tensors = Array.from({ length: 5 }, (_, i) => scope.upload(Float32Array.of(i), [1]));
    await gpu().read(tensors[0]!);
    const { device } = gpu();
    const create = device.createBuffer.bind(device);
    const submit = device.queue.submit.bind(device.queue);
    let [made, submits] = [0, 0];
    device.createBuffer = (descriptor) => (made++, create(descriptor));
    device.queue.submit = (buffers) => (submits++, submit(buffers));
    try {
      expect((await gpu().readAll(tensors)).map(([value]) => value)).toEqual([0, 1, 2, 3, 4]);
      expect([made, submits]).toEqual([0, 1]);
    } finally {
      device.createBuffer = create;
      device.queue.submit = submit;
    }
  });

  it('gives what was there when it was asked for, with many readings under way and work after each', async () => {
    using scope = gpu().scope();
    const x = scope.upload(new Float32Array(3), [3]);
    const readings = Array.from({ length: 20 }, (_, i) => {
      gpu().dispatch(ADD_ONE, { out: x }, { count: i % 3 === 0 ? 3 : 1 }, grid(3));
      return i % 2 === 0
        ? gpu().read(x)
        : gpu()
            .readAll([x])
            .then(([values]) => values);
    });
    gpu().write(x, Float32Array.of(-1, -1, -1));
    for (const [i, values] of (await Promise.all(readings)).entries())
      expect([...values]).toEqual([i + 1, Math.floor(i / 3) + 1, Math.floor(i / 3) + 1]);
    expect([...(await gpu().read(x))]).toEqual([-1, -1, -1]);
  });
});

describe('staging buffers', () => {
  const made: { size: number; destroyed: boolean }[] = [];
  const device = {
    createBuffer: ({ size }: { size: number }) => {
      const buffer = { size, destroyed: false, destroy: () => void (buffer.destroyed = true) };
      made.push(buffer);
      return buffer;
    },
  } as unknown as GPUDevice;

  it('are used again where they are large enough, three at most and none of many megabytes', () => {
    const staging = new StagingBuffers(device);
    const one = staging.take(100);
    staging.give(one);
    expect(staging.take(4000)).toBe(one);
    const other = staging.take(4000);
    expect(other).not.toBe(one);
    staging.give(one);
    staging.give(other);
    const large = staging.take(5e4);
    expect(large.size).toBe(2 ** 16);
    staging.give(large);
    const larger = staging.take(1e6);
    staging.give(larger);
    expect(made.map(({ destroyed }) => destroyed).filter(Boolean)).toHaveLength(1);
    expect(staging.take(1e5)).toBe(larger);
    const huge = staging.take(2 ** 24 + 4);
    expect(huge.size).toBe(2 ** 24 + 4);
    staging.give(huge);
    expect(made.at(-1)).toMatchObject({ size: 2 ** 24 + 4, destroyed: true });
    staging.close();
    staging.give(larger);
    expect(made.every(({ destroyed }) => destroyed)).toBe(true);
  });
});
