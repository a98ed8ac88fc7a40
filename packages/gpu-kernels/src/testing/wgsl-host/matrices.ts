/** A matrix that a subgroup holds together; only its first lane has the numbers, row by row. */
export interface HostMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array | undefined;
}

/** Sums + left right, each product added in turn and rounded to float32: hardware has an order of its own. */
export function multiplyAccumulate(left: HostMatrix, right: HostMatrix, sums: HostMatrix): HostMatrix {
  const { rows, columns, data } = sums;
  if (data === undefined || left.data === undefined || right.data === undefined) return sums;
  const inner = left.columns;
  if (right.rows !== inner || left.rows !== rows || right.columns !== columns)
    throw new Error('matrices that do not fit');
  const result = Float32Array.from(data);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = result[r * columns + c] ?? NaN;
      for (let i = 0; i < inner; i++)
        sum = Math.fround(sum + (left.data[r * inner + i] ?? NaN) * (right.data[i * columns + c] ?? NaN));
      result[r * columns + c] = sum;
    }
  }
  return { rows, columns, data: result };
}
