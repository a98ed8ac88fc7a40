import { expect } from 'vitest';
import { elementCount } from '../runtime/dtype.ts';
import type { Scope } from '../runtime/scope.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { type Tolerance, expectClose } from './closeness.ts';

/** An output before the call: all NaN, which shows where nothing is written, and where it is read. */
export function poisoned(scope: Scope, shape: readonly number[]): Tensor {
  return scope.upload(surrounded([], 0, elementCount(shape)), shape, 'poisoned');
}

/** Values from `offset` on among `length` numbers, of which all others are NaN. */
export function surrounded(values: ArrayLike<number>, offset: number, length: number): Float32Array {
  const all = new Float32Array(length).fill(NaN);
  all.set(values, offset);
  return all;
}

/** As {@link expectClose} for the elements from `offset` on; all others must still be NaN. */
export function expectCloseBetweenNaNs(
  actual: Float32Array,
  offset: number,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  scale = 1,
): void {
  const end = offset + expected.length;
  expectClose(actual.subarray(offset, end), expected, tolerance, scale);
  const written = actual.findIndex((value, i) => (i < offset || i >= end) && !Number.isNaN(value));
  expect(written, `element written beside [${offset}, ${end})`).toBe(-1);
}
