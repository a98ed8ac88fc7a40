import type { ColumnSumArguments } from '../reduction/column-sum.ts';
import type { RowGroups } from '../row-groups.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { MatmulRegime } from '../../runtime/tiled-tuning.ts';
import type { Matrix } from './matrix.ts';

/** Operands and options of `matmul`. */
export interface MatmulArguments {
  /** float32 [m, k], or [k, m] with transposeA. */
  readonly a: Matrix;
  /** float32 or float16 [k, n], or [n, k] with transposeB. */
  readonly b: Matrix;
  /** float32 [m, n], in a buffer of its own. */
  readonly c: Matrix;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** float32 [n], added to every row. */
  readonly bias?: Tensor;
  /** Element of the bias that belongs to column 0; 0 if absent. */
  readonly biasOffset?: number;
  /** C += A B instead of C = A B. */
  readonly accumulate?: boolean;
  /** What the product is for; what the Gpu says if absent. Kernels of GPUs differ by it, and so do bits. */
  readonly regime?: MatmulRegime;
}

/** A product, or with `groups` one for each run of rows as `groupedMatmul` has them. */
export interface SetProduct extends MatmulArguments {
  readonly groups?: RowGroups;
  /** With A transposed and whole, and no groups: as `columnSum` of A, the gradient with respect to a bias. */
  readonly columnSums?: Omit<ColumnSumArguments, 'x'>;
}

/** Whether there is no bias, or one for each of n columns. */
export function isBiasOf({ bias, biasOffset = 0 }: MatmulArguments, n: number): boolean {
  return bias === undefined || bias.length >= biasOffset + n;
}
