import '../platform-types.ts';

/** Element types of tensors. `float16` is for storage alone: kernels widen it and compute in float32. */
export type DType = 'float32' | 'uint32' | 'float16';

/** Bytes that each element takes. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = { float32: 4, uint32: 4, float16: 2 };

/** Bytes that a dense array takes in a buffer: whole 32-bit words. */
export function storageBytes(elements: number, dtype: DType): number {
  return Math.ceil((elements * ELEMENT_BYTES[dtype]) / 4) * 4;
}

/** Elements of a dense array; 1 for the shape [] of a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
