import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import {
  type Extent,
  type GroupedMatmulArguments,
  bindProduct,
  extentOf,
  flopOf,
  productParams,
} from './bound-product.ts';
import { type TiledKernel, matmul, tiledKernel, tiledKernels } from './matmul.ts';
import { bindMatrix, sliceRows } from './matrix.ts';
import { groupedStagedKernel } from './tiled-product.ts';
import type { GroupedMatmulKernel } from './variant.ts';

export type { GroupedMatmulArguments } from './bound-product.ts';

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
  if (fits && gpu.summation === 'ascending') record(gpu, args);
  else oneByOne(gpu, args, extent);
}

/** Every kernel that {@link groupedMatmul} may run under a tuning, but for those of `matmul`. */
export function groupedMatmulKernels(tuning: Tuning): Kernel[] {
  return tiledKernels(tuning, [{ dtypeB: 'float32', grouped: true }]);
}

/** The product of each group by itself, which is worked on in slices if need be. */
function oneByOne(gpu: Gpu, args: GroupedMatmulArguments, { rowsEach, n }: Extent): void {
  const { groups, bias, biasOffset = 0, ...product } = args;
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
      ...(bias ? { bias, biasOffset: biasOffset + g * n } : {}),
    });
  }
}

function record(gpu: Gpu, args: GroupedMatmulArguments): void {
  const product = bindProduct(gpu, args);
  const { transposeA, transposeB, vectors, shape, tilesOfRows } = product;
  const tuning = gpu.tuning.matmul;
  const variant = { transposeA, transposeB, dtypeB: 'float32', grouped: true } as const;
  const tiled =
    tuning.strategy === 'tiled'
      ? groupedStagedKernel(tuning, { ...variant, regime: args.regime ?? gpu.regime }, vectors, [
          shape[1],
          shape[2],
        ])
      : tiledKernel(
          tuning,
          { ...variant, accumulate: args.accumulate ?? false },
          vectors,
          shape,
          tilesOfRows,
        );
  // Of a grouped variant.
  const { kernel, params: further = {} } = tiled as TiledKernel<GroupedMatmulKernel>;
  const { params, workgroups } = productParams(product, tiled);
  const { a, b, c } = product;
  gpu.dispatch(
    kernel,
    {
      ...{ a: a.operand, b: b.operand, c: c.operand, groups: args.groups.table },
      bias: args.bias ?? a.operand,
    },
    { ...params, ...further } as Record<keyof GroupedMatmulKernel['params'], number>,
    grid(workgroups),
    flopOf(product),
  );
}
