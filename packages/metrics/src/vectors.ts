import { ROUNDING } from './rounding.ts';

/** Numbers of one tensor in row-major order: a typed array or a plain one. Everything is computed in float64. */
export type NumericArray = ArrayLike<number>;

/** Row `index` of a tensor whose rows have `width` values, as float64. */
export function row(tensor: NumericArray, index: number, width: number): Float64Array {
  const start = index * width;
  const values = new Float64Array(width);
  for (let i = 0; i < width; i++) values[i] = tensor[start + i]!;
  return values;
}

/** Σ aᵢ bᵢ; the vectors have the same length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** l2 norm. @throws RangeError if its square overflows float64 */
function norm(a: Float64Array): number {
  return lengthOf(dot(a, a));
}

/** The root of a squared norm. @throws RangeError if that overflows float64 */
export function lengthOf(squared: number): number {
  const length = Math.sqrt(squared);
  if (!Number.isFinite(length)) {
    throw new RangeError('a norm overflows float64: the tensors hold values beyond about 1e150');
  }
  return length;
}

/** The vector divided by its l2 norm; null for the zero vector. */
export function normalised(a: Float64Array): Float64Array | null {
  const length = norm(a);
  return length === 0 ? null : a.map((value) => value / length);
}

/** Cosine of the angle between two vectors; null (undefined) if one of them has norm 0. */
export function cosine(a: Float64Array, b: Float64Array): number | null {
  const normA = norm(a);
  const normB = norm(b);
  if (normA === 0 || normB === 0) return null;
  return Math.max(-1, Math.min(1, dot(a, b) / normA / normB));
}

/** `vector` − `zeroShot`; null if that update is no longer than the rounding of the zero-shot vector. */
export function update(vector: Float64Array, zeroShot: Float64Array): Float64Array | null {
  const change = new Float64Array(vector.length);
  for (let i = 0; i < change.length; i++) change[i] = vector[i]! - zeroShot[i]!;
  return norm(change) <= ROUNDING * norm(zeroShot) ? null : change;
}

/** A part of a tensor. */
export interface Span {
  readonly start: number;
  readonly width: number;
}

/** l2 norm of a part of a tensor. @throws RangeError if its square overflows float64 */
export function spanNorm(x: NumericArray, { start, width }: Span): number {
  let total = 0;
  for (let i = start; i < start + width; i++) total += x[i]! * x[i]!;
  return lengthOf(total);
}

/** Cosine of a part of two tensors; null if one of them has norm 0. @throws as {@link spanNorm} */
export function spanCosine(x: NumericArray, y: NumericArray, { start, width }: Span): number | null {
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = start; i < start + width; i++) {
    const a = x[i]!;
    const b = y[i]!;
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  const [lengthX, lengthY] = [lengthOf(xx), lengthOf(yy)];
  if (lengthX === 0 || lengthY === 0) return null;
  return Math.max(-1, Math.min(1, xy / lengthX / lengthY));
}

/**
 * Softmax of the numbers of a part of a tensor, in float64, safe for numbers of any size.
 * @param values what it is written to: its first `width` elements
 */
export function softmax(
  logits: NumericArray,
  { start, width }: Span,
  values: Float64Array = new Float64Array(width),
): Float64Array {
  let largest = -Infinity;
  for (let i = 0; i < width; i++) largest = Math.max(largest, logits[start + i]!);
  let total = 0;
  for (let i = 0; i < width; i++) total += values[i] = Math.exp(logits[start + i]! - largest);
  for (let i = 0; i < width; i++) values[i]! /= total;
  return values;
}

/** Cosine of two updates; null if either is undefined. */
export function updateCosine(a: Float64Array | null, b: Float64Array | null): number | null {
  return a && b && cosine(a, b);
}
