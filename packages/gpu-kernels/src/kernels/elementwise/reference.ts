/** out[r] = x[rows[r]], [R, width] of x [N, width] and R row numbers. */
export function gatherRowsReference(
  x: ArrayLike<number>,
  rows: ArrayLike<number>,
  width: number,
): Float64Array {
  return Float64Array.from(
    { length: rows.length * width },
    (_, i) => x[(rows[Math.floor(i / width)] ?? 0) * width + (i % width)] ?? NaN,
  );
}

/** A copy of `out` [N, width] with out[rows[r]] += gradOutput[r], gradOutput [R, width]; rows may repeat. */
export function scatterRowsAddReference(
  gradOutput: ArrayLike<number>,
  rows: ArrayLike<number>,
  out: ArrayLike<number>,
  width: number,
): Float64Array {
  const result = Float64Array.from(out);
  for (let i = 0; i < gradOutput.length; i++) {
    const at = (rows[Math.floor(i / width)] ?? 0) * width + (i % width);
    result[at] = (result[at] ?? NaN) + (gradOutput[i] ?? NaN);
  }
  return result;
}
