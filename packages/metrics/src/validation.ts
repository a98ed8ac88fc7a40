import type { NumericArray } from './vectors.ts';

/** Throws a RangeError that names the tensor and the place of its first value that is not finite. */
export function requireFinite(name: string, tensor: NumericArray): void {
  // One sum tells that all are finite, faster than looking at each: ∞ − ∞ and NaN − NaN are NaN.
  let sum = 0;
  for (let i = 0; i < tensor.length; i++) sum += tensor[i]! - tensor[i]!;
  if (sum === 0) return;
  for (let i = 0; i < tensor.length; i++) {
    if (!Number.isFinite(tensor[i])) throw new RangeError(`${name}[${i}] is ${tensor[i]}; it must be finite`);
  }
}

interface Sized {
  readonly length: number;
}

/** Throws a RangeError that names both arrays and both lengths. */
export function requireSameLength(nameA: string, a: Sized, nameB: string, b: Sized): void {
  if (a.length !== b.length) {
    throw new RangeError(`${nameA} has length ${a.length}, ${nameB} has length ${b.length}; they must agree`);
  }
}

export function requireSize(name: string, size: number): void {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`${name} is ${size}; it must be a positive integer`);
}
