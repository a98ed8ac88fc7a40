import type { MatmulArguments } from './arguments.ts';

/** A dense row-major float64 matrix. */
export interface ReferenceMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: ArrayLike<number>;
}

/** Options of {@link matmulReference}. */
export type MatmulReferenceOptions = Pick<MatmulArguments, 'transposeA' | 'transposeB'> & {
  /** [n], added to every row. */
  readonly bias?: ArrayLike<number>;
  /** C [m, n] before the call, if it is added to. */
  readonly previous?: ArrayLike<number>;
};

/**
 * A B (+ bias) (+ previous) in float64: [m, n], row-major; of A [m, k] ([k, m] with transposeA) and B [k, n] ([n, k]
 * with transposeB).
 */
export function matmulReference(
  a: ReferenceMatrix,
  b: ReferenceMatrix,
  options: MatmulReferenceOptions = {},
): Float64Array {
  const { transposeA = false, transposeB = false, bias, previous } = options;
  const [m, depth] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
  const n = transposeB ? b.rows : b.columns;
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = (bias?.[j] ?? 0) + (previous?.[i * n + j] ?? 0);
      for (let k = 0; k < depth; k++) {
        const left = a.data[transposeA ? k * a.columns + i : i * a.columns + k] ?? Number.NaN;
        const right = b.data[transposeB ? j * b.columns + k : k * b.columns + j] ?? Number.NaN;
        sum += left * right;
      }
      out[i * n + j] = sum;
    }
  }
  return out;
}

/** Options of {@link groupedMatmulReference}. */
export type GroupedMatmulReferenceOptions = Omit<MatmulReferenceOptions, 'bias'> & {
  /** Rows of each of G groups. */
  readonly counts: readonly number[];
  /** [G, n]: a row for each group. */
  readonly bias?: ArrayLike<number>;
};

/**
 * {@link matmulReference} for each group of rows: A [R, k] times B [G, k, n] ([G, n, k] with transposeB) is [R, n];
 * with transposeA A [R, m] and B [R, n] make [G, m, n].
 */
export function groupedMatmulReference(
  a: ReferenceMatrix,
  b: ReferenceMatrix,
  options: GroupedMatmulReferenceOptions,
): Float64Array {
  const { counts, bias, previous, ...transposes } = options;
  const { transposeA = false, transposeB = false } = transposes;
  const rowsOfB = b.rows / counts.length;
  const n = transposeB ? rowsOfB : b.columns;
  const part = (m: ReferenceMatrix, start: number, rows: number): ReferenceMatrix => ({
    ...{ rows, columns: m.columns },
    data: Array.from({ length: rows * m.columns }, (_, i) => m.data[start * m.columns + i] ?? Number.NaN),
  });
  const results: number[] = [];
  let start = 0;
  for (const [g, count] of counts.entries()) {
    const own = part(a, start, count);
    const matrix = transposeA ? part(b, start, count) : part(b, g * rowsOfB, rowsOfB);
    const addition = (values: ArrayLike<number>, from: number, length: number): number[] =>
      Array.from({ length }, (_, i) => values[from + i] ?? Number.NaN);
    const size = (transposeA ? a.columns : count) * n;
    results.push(
      ...matmulReference(own, matrix, {
        ...transposes,
        ...(bias ? { bias: addition(bias, g * n, n) } : {}),
        ...(previous ? { previous: addition(previous, results.length, size) } : {}),
      }),
    );
    start += count;
  }
  return Float64Array.from(results);
}

/**
 * For each row a power of two that brings its largest magnitude into [2¹⁴, 2¹⁵), or as near as 2¹²⁶ does, and its inverse:
 * [rows, 2]. Of what is no number as of the largest number.
 */
export function rowScalesReference({ rows, columns, data }: ReferenceMatrix): Float32Array {
  const scales = new Float32Array(rows * 2);
  for (let r = 0; r < rows; r++) {
    let most = 0;
    for (let c = 0; c < columns; c++) {
      const magnitude = Math.abs(data[r * columns + c] ?? Number.NaN);
      most = Number.isFinite(magnitude) ? Math.max(most, magnitude) : 2 ** 127;
    }
    const exponent = Math.min(126, 14 - Math.floor(Math.log2(most)));
    scales[2 * r] = 2 ** exponent;
    scales[2 * r + 1] = 2 ** -exponent;
  }
  return scales;
}
