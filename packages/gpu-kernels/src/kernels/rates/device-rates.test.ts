import { expect, it } from 'vitest';
import { TestRandom, expectSameBits, useGpu } from '../../testing/index.ts';
import { poisoned } from '../../testing/poison.ts';
import { grid } from '../../runtime/kernel.ts';
import { measureDevice } from './device-rates.ts';
import { COPY, COPY_INVOCATIONS, FMA, FMA_INVOCATIONS, FMA_STEP } from './peak-kernels.ts';

const gpu = useGpu();

it('the copy whose rate is measured copies every element, and none beside', async () => {
  using scope = gpu().scope();
  const each = 3;
  const vectors = each * COPY_INVOCATIONS;
  const [length, copied] = [4 * (vectors + 100), 4 * (vectors + 77)];
  const values = new TestRandom(1).normal(length);
  const [x, out] = [scope.upload(values, [length]), poisoned(scope, [length])];
  gpu().dispatch(COPY, { x, out }, { count: copied / 4, each }, grid(2));
  const found = await gpu().read(out);
  expectSameBits(found.subarray(0, copied), values.subarray(0, copied));
  expect(found.subarray(copied).every(Number.isNaN)).toBe(true);
});

it('the multiply-adds whose rate is measured are all done: each moves its chain towards where they end', async () => {
  using scope = gpu().scope();
  const repeats = 3;
  const out = poisoned(scope, [FMA_INVOCATIONS + 3]);
  gpu().dispatch(FMA, { out }, { repeats, factor: 0.5, term: 2 }, grid(2));
  // Of eight chains of vec4s each does x -> x / 2 + 2, which ends at 4, so often:
  const steps = (repeats * FMA_STEP) / 32;
  const expected = Array.from({ length: FMA_INVOCATIONS + 3 }, (_, index) =>
    Array.from({ length: 8 }, (_own, i) => 4 * (4 + (index + i - 4) / 2 ** steps)).reduce((a, b) => a + b, 0),
  );
  const found = await gpu().read(out);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 3);
});

it('rates are finite, and a matrix product is not faster than its multiply-adds alone', async () => {
  const { fma, copy, matmul, matmulShape } = await measureDevice(gpu(), { seconds: 0.05 });
  for (const rate of [fma, copy, matmul]) expect(Number.isFinite(rate) && rate > 0).toBe(true);
  // Kernels by their definitions, so that a busy machine disturbs both: a factor of room.
  expect(matmul).toBeLessThan(4 * fma);
  expect(matmulShape).toHaveLength(3);
});
