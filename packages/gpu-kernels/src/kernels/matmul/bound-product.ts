import type { Gpu } from '../../runtime/gpu.ts';
import type { RowGroups } from '../row-groups.ts';
import type { MatmulArguments, SetProduct } from './arguments.ts';
import { type BoundMatrix, bindMatrix, inVectors } from './matrix.ts';

/**
 * Operands and options of `groupedMatmul`: as of a product, with what belongs to a group one below the other.
 *
 * | operand | as it is, or B transposed | A transposed |
 * | --- | --- | --- |
 * | a | [R, k] | [R, m] |
 * | b | [G, k, n], or [G, n, k] | [R, n] |
 * | c | [R, n] | [G, m, n] |
 * | bias | [G, n] | [G, n] |
 */
export interface GroupedMatmulArguments extends MatmulArguments {
  /** G runs of the R rows. */
  readonly groups: RowGroups;
}

/** What a group has of each operand. */
export interface Extent {
  /** Of the matrices that groups have for themselves: B, or C with a transposed A. */
  readonly rowsEach: number;
  readonly n: number;
}

/** @throws RangeError for sizes that do not agree, two transposed operands, and float16 anywhere but in B */
export function extentOf({ a, b, c, groups, ...args }: GroupedMatmulArguments): Extent {
  const { transposeA, transposeB, bias, biasOffset = 0 } = args;
  const { rows, counts } = groups;
  if (transposeA && transposeB)
    throw new RangeError('groupedMatmul: transposing both operands is not supported');
  const rowsEach = (transposeA ? c : b).rows / counts.length;
  const [inner, n] = transposeB ? [b.columns, rowsEach] : [rowsEach, b.columns];
  const agree = transposeA
    ? a.columns === rowsEach && b.rows === rows
    : a.columns === inner && c.rows === rows && Number.isInteger(rowsEach);
  if (!agree || a.rows !== rows || c.columns !== n) {
    const [left, right, product] = [a, b, c].map((m) => `${m.tensor.label} [${m.rows}, ${m.columns}]`);
    throw new RangeError(
      `groupedMatmul of ${left} and ${right} into ${product} with ${counts.length} groups of ${rows} rows`,
    );
  }
  if (bias && bias.length < biasOffset + counts.length * n)
    throw new RangeError(
      `groupedMatmul: ${bias.label} of ${bias.length} is no bias [${counts.length}, ${n}]`,
    );
  for (const { tensor } of [a, c]) {
    if (tensor.dtype === 'float16')
      throw new RangeError(
        `groupedMatmul: ${tensor.label} is stored as float16; only the second factor may be`,
      );
  }
  return { rowsEach, n };
}

/** A product of groups or of none whose operands are bound. */
export interface BoundProduct {
  readonly product: SetProduct;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly a: BoundMatrix;
  readonly b: BoundMatrix;
  readonly c: BoundMatrix;
  /** Which operands consist of whole vec4s. */
  readonly vectors: Readonly<Record<'a' | 'b' | 'c', boolean>>;
  /** m, n and k, of all groups together where the rows are theirs. */
  readonly shape: readonly [number, number, number];
  /** Rows of a group's own matrix. */
  readonly rowsEach: number;
  /** Tiles of so many rows from the top of C to the bottom. */
  readonly tilesOfRows: (height: number) => number;
}

/** @throws RangeError as {@link extentOf} */
export function bindProduct(gpu: Gpu, product: BoundProduct['product']): BoundProduct {
  const { transposeA = false, transposeB = false, groups } = product;
  const limit = gpu.maxBindingBytes;
  const a = bindMatrix(product.a, limit);
  const b = bindMatrix(product.b, limit);
  const c = bindMatrix(product.c, limit);
  const { rowsEach } = groups ? extentOf({ ...product, groups }) : { rowsEach: 0 };
  const k = transposeA ? product.a.rows : product.a.columns;
  const m = groups && transposeA ? rowsEach : product.c.rows;
  return {
    ...{ product, transposeA, transposeB, a, b, c, rowsEach },
    vectors: {
      a: inVectors(product.a, a.offset),
      b: inVectors(product.b, b.offset),
      c: inVectors(product.c, c.offset),
    },
    shape: [m, product.c.columns, k],
    tilesOfRows: (height) => {
      if (!groups) return Math.ceil(m / height);
      return transposeA ? groups.counts.length * Math.ceil(rowsEach / height) : groups.tiles(height).count;
    },
  };
}

/** Floating-point operations of a product, of all groups together: with a transposed A their rows are k, else m. */
export function flopOf({ shape: [m, n, k] }: Pick<BoundProduct, 'shape'>): number {
  return 2 * m * n * k;
}

/** A product's parameters under a tile, and the workgroups that compute it. */
export function productParams(
  { product, transposeA, a, b, c, shape: [m, n, k], rowsEach }: BoundProduct,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): { readonly params: Record<string, number>; readonly workgroups: number } {
  const { groups } = product;
  const workgroupsPerRow = Math.ceil(n / columns);
  const params = {
    ...{ m, n, k },
    ...{ aOffset: a.offset, aStride: product.a.stride },
    ...{ bOffset: b.offset, bStride: product.b.stride },
    ...{ cOffset: c.offset, cStride: product.c.stride },
    ...{ biasOffset: product.biasOffset ?? 0, workgroupsPerRow },
    useBias: Number(product.bias !== undefined),
    accumulate: Number(product.accumulate ?? false),
  };
  if (!groups) return { params, workgroups: workgroupsPerRow * Math.ceil(m / rows) };
  const entries = transposeA ? { first: 0, count: groups.counts.length } : groups.tiles(rows);
  const workgroupsPerGroup = workgroupsPerRow * (transposeA ? Math.ceil(m / rows) : 1);
  return {
    params: {
      ...params,
      ...{ firstGroup: entries.first, groupCount: entries.count, workgroupsPerGroup },
      groupStride: rowsEach * (transposeA ? product.c : product.b).stride,
    },
    workgroups: workgroupsPerGroup * entries.count,
  };
}
