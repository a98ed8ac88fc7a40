import { expect, it } from 'vitest';
import { UserError } from '../errors.ts';
import { acquirePlainTestGpu, acquireTestGpu } from '../testing/gpu.ts';
import type { Gpu } from './gpu.ts';
import { defineKernel, grid } from './kernel.ts';
import { Profile } from './profile.ts';

const add = (label: string) =>
  defineKernel({
    label,
    storage: { x: 'f32', out: '&f32' },
    params: { count: 'u32' },
    workgroupSize: [1],
    body: 'if (workgroup < params.count) { out[workgroup] += x[workgroup]; }',
  });
const [FEW, MANY] = [add('test.few'), add('test.many')];

/** Fills a result in more dispatches than go into one submit. */
async function work(gpu: Gpu): Promise<Float32Array> {
  using scope = gpu.scope();
  const [x, out] = [scope.upload(Float32Array.of(1, 2, 4), [3]), scope.upload(new Float32Array(3), [3])];
  for (let i = 0; i < 300; i++) gpu.dispatch(MANY, { x, out }, { count: 3 }, grid(3), 3);
  gpu.with({ summation: 'descending' }).dispatch(FEW, { x, out }, { count: 2 }, grid(2));
  return gpu.read(out);
}

it('a profile says of each kernel how often and how long it ran, and changes no number', async () => {
  const gpu = await acquireTestGpu({ profile: true });
  try {
    if (!gpu.device.features.has('timestamp-query')) {
      expect(() => gpu.profile()).toThrow(/^profiling needs the feature timestamp-query/);
      return;
    }
    const plain = await work(gpu);
    const profile = gpu.profile({ maxDispatches: 290 });
    expect(() => gpu.profile()).toThrow('profile: another one is being made');
    expect(await work(gpu)).toEqual(plain);
    const { kernels, dispatches } = await profile.end();
    expect(await work(gpu)).toEqual(plain);
    const byLabel = Object.fromEntries(kernels.map(({ label, ...rest }) => [label, rest]));
    expect(byLabel).toMatchObject({
      'test.many': { calls: 300, workgroups: 900, bytes: 300 * 24, flop: 900 },
      'test.few': { calls: 1, workgroups: 2, bytes: 24, flop: 0 },
    });
    expect(kernels.every(({ ms }) => Number.isFinite(ms) && ms >= 0)).toBe(true);
    expect(kernels.map(({ ms }) => ms)).toEqual(kernels.map(({ ms }) => ms).sort((a, b) => b - a));
    expect(dispatches.map(({ label }) => label)).toEqual(Array(290).fill('test.many'));
    expect(dispatches[0]?.start).toBe(0);
    await expect(profile.end()).rejects.toThrow('the profile has ended');
    expect((await gpu.profile().end()).kernels).toEqual([]);
  } finally {
    gpu.dispose();
  }
});

it('a profile sums the device’s timestamps in milliseconds, also where its clock is set back', async () => {
  const profile = new Profile(async () => {}, {});
  const large = 2n ** 60n;
  const recorded = ['a', 'b', 'a'].map((label) => ({ label, bytes: 8, workgroups: 2, flop: 10 }));
  profile.add(
    recorded,
    BigUint64Array.from([0n, 1_500_001n, 2_000_000n, 6_000_000n, 7n, 6n].map((t) => t + large)),
  );
  profile.add(recorded.slice(0, 1), BigUint64Array.of(large + 9_000_000n, large + 9_500_000n));
  expect(await profile.end()).toEqual({
    kernels: [
      { label: 'b', calls: 1, ms: 4, bytes: 8, workgroups: 2, flop: 10 },
      { label: 'a', calls: 3, ms: 2.000001, bytes: 24, workgroups: 6, flop: 30 },
    ],
    dispatches: [
      { label: 'a', start: 0, end: 1.500001 },
      { label: 'b', start: 2, end: 6 },
      { label: 'a', start: 7e-6, end: 6e-6 },
      { label: 'a', start: 9, end: 9.5 },
    ],
  });
});

it('a device that was opened without timestamps is not profiled', async () => {
  const plain = await acquirePlainTestGpu();
  expect(() => plain.profile()).toThrow(
    new UserError(
      `profiling needs the feature timestamp-query, which the device on ${plain.adapter.description} was opened without: acquireGpu({ profile: true }) asks for it where the adapter has it`,
      'unfit-device',
    ),
  );
  plain.dispose();
});
