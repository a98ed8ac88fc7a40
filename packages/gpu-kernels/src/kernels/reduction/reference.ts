/** Sum of elements [offset, offset + length) in float64. */
export function sumReference(x: ArrayLike<number>, offset = 0, length = x.length - offset): number {
  let total = 0;
  for (let i = offset; i < offset + length; i++) total += x[i] ?? NaN;
  return total;
}

/** Sum of squares in float64. */
export function sumOfSquaresReference(x: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += (x[i] ?? NaN) ** 2;
  return total;
}

/** Sums [C] over the rows of x [R, C] in float64; `columns` is C. */
export function columnSumReference(x: ArrayLike<number>, columns: number): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) out[i % columns] = (out[i % columns] ?? NaN) + (x[i] ?? NaN);
  return out;
}
