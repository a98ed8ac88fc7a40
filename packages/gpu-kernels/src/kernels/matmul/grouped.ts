import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import type { RowGroups } from '../row-groups.ts';
import { type MatmulArguments, type TiledKernel, matmul, tiledKernel, tiledKernels } from './matmul.ts';
import { bindMatrix, inVectors, sliceRows } from './matrix.ts';
import { groupedStagedKernel } from './tiled-product.ts';
import type { GroupedMatmulKernel } from './variant.ts';

/**
 * Operands and options of {@link groupedMatmul}: as of a product, with what belongs to a group one below the other.
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
interface Extent {
  /** Of the matrices that groups have for themselves: B, or C with a transposed A. */
  readonly rowsEach: number;
  readonly n: number;
}

/**
 * A product for each group of rows, in one dispatch: the rows of group g times matrix g of B, or with a transposed A
 * matrix g of C = (rows g of A)ᵀ (rows g of B), which is zero, or what it was with `accumulate`, for a group of none. Bits
 * are those of {@link matmul}, group by group, which is what happens where an operand is float16 or over the binding limit.
 * @throws RangeError for sizes that do not agree, and what {@link matmul} throws
 */
export function groupedMatmul(gpu: Gpu, args: GroupedMatmulArguments): void {
  const { a, b, c, groups } = args;
  if (groups.counts.length === 0) return;
  const extent = extentOf(args);
  if (c.rows === 0 || extent.n === 0) return;
  const limit = gpu.maxBindingBytes;
  // Matrices of groups are trained, and what is trained is float32: no kernels for halves.
  const fits = b.tensor.dtype === 'float32' && [a, b, c].every((m) => bindMatrix(m, limit).size <= limit);
  if (fits && gpu.summation === 'ascending') record(gpu, args, extent);
  else oneByOne(gpu, args, extent);
}

/** Every kernel that {@link groupedMatmul} may run under a tuning, but for those of `matmul`. */
export function groupedMatmulKernels(tuning: Tuning): Kernel[] {
  return tiledKernels(tuning, [{ dtypeB: 'float32', grouped: true }]);
}

/** The product of each group by itself, which is worked on in slices if need be. */
function oneByOne(gpu: Gpu, args: GroupedMatmulArguments, { rowsEach, n }: Extent): void {
  const { groups, bias, ...product } = args;
  for (const [g, count] of groups.counts.entries()) {
    const own = { start: g * rowsEach, count: rowsEach };
    const run = { start: groups.starts[g]!, count };
    const of = (name: 'a' | 'b' | 'c') => {
      const { start, count: rows } = name === (args.transposeA ? 'c' : 'b') ? own : run;
      return sliceRows(args[name], start, rows);
    };
    matmul(gpu, {
      ...product,
      ...{ a: of('a'), b: of('b'), c: of('c') },
      ...(bias ? { bias, biasOffset: g * n } : {}),
    });
  }
}

function record(gpu: Gpu, args: GroupedMatmulArguments, { rowsEach, n }: Extent): void {
  const { groups, bias, transposeA = false, transposeB = false } = args;
  const limit = gpu.maxBindingBytes;
  const [a, b, c] = [bindMatrix(args.a, limit), bindMatrix(args.b, limit), bindMatrix(args.c, limit)];
  const vectors = {
    a: inVectors(args.a, a.offset),
    b: inVectors(args.b, b.offset),
    c: inVectors(args.c, c.offset),
  };
  const [m, k] = transposeA ? [rowsEach, groups.rows] : [groups.rows, args.a.columns];
  const tuning = gpu.tuning.matmul;
  const variant = { transposeA, transposeB, dtypeB: 'float32', grouped: true } as const;
  const tiled =
    tuning.strategy === 'tiled'
      ? groupedStagedKernel(tuning, { ...variant, regime: args.regime ?? gpu.regime }, vectors, [n, k])
      : tiledKernel(tuning, variant, vectors, [m, n, k], (height) => tilesOfRows(args, rowsEach, height));
  // Of a grouped variant.
  const { kernel, rows, columns, params = {} } = tiled as TiledKernel<GroupedMatmulKernel>;
  const entries = transposeA ? { first: 0, count: groups.counts.length } : groups.tiles(rows);
  const workgroupsPerRow = Math.ceil(n / columns);
  const workgroupsPerGroup = workgroupsPerRow * (transposeA ? Math.ceil(m / rows) : 1);
  gpu.dispatch(
    kernel,
    { a: a.operand, b: b.operand, bias: bias ?? a.operand, c: c.operand, groups: groups.table },
    {
      ...{ m, n, k },
      ...{ aOffset: a.offset, aStride: args.a.stride },
      ...{ bOffset: b.offset, bStride: args.b.stride },
      ...{ cOffset: c.offset, cStride: args.c.stride },
      biasOffset: 0,
      workgroupsPerRow,
      useBias: Number(bias !== undefined),
      accumulate: Number(args.accumulate ?? false),
      firstGroup: entries.first,
      groupCount: entries.count,
      groupStride: rowsEach * (transposeA ? args.c : args.b).stride,
      workgroupsPerGroup,
      ...params,
    },
    grid(workgroupsPerGroup * entries.count),
  );
}

/** Tiles of so many rows that cover C from top to bottom, of all groups. */
function tilesOfRows(
  { groups, transposeA }: GroupedMatmulArguments,
  rowsEach: number,
  height: number,
): number {
  return transposeA ? groups.counts.length * Math.ceil(rowsEach / height) : groups.tiles(height).count;
}

function extentOf({ a, b, c, groups, transposeA, transposeB, bias }: GroupedMatmulArguments): Extent {
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
  if (bias && bias.length < counts.length * n)
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
