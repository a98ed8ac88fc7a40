import type { MatmulArguments } from './matmul.ts';

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
