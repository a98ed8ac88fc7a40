import { expect } from 'vitest';

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/**
 * Fails unless |actual - expected| <= scale * absolute + relative * |expected| for every element; names the worst one.
 * @param scale size of the numbers that were added or subtracted on the way, where that is not of order 1
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute, relative }: Tolerance,
  scale = 1,
): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  let excess = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] ?? NaN, expected[i] ?? NaN];
    const ratio = a === e ? 0 : Math.abs(a - e) / (scale * absolute + relative * Math.abs(e));
    if (ratio <= excess) continue;
    [worst, excess] = [i, Number.isNaN(ratio) ? Infinity : ratio];
  }
  const found = `element ${worst} of ${expected.length}: ${actual[worst]} instead of ${expected[worst]}`;
  expect(excess, `${found}, in units of the tolerance`).toBeLessThanOrEqual(1);
}

/**
 * Fails unless both hold the same float32 bits.
 * @param what is compared, for the message
 */
export function expectSameBits(actual: Float32Array, expected: Float32Array, what = ''): void {
  const [a, b] = [bits(actual), bits(expected)];
  expect(a.length).toBe(b.length);
  const differs = a.findIndex((value, i) => value !== b[i]);
  expect(differs, `${what} element ${differs}: ${actual[differs]} instead of ${expected[differs]}`).toBe(-1);
}

function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
