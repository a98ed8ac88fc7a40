import { UserError } from '../../errors.ts';
import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { MatmulTile, MatmulTuning, SubgroupTile, Tuning } from '../../runtime/tuning.ts';
import { QUAD } from '../quad.ts';
import { type MatmulArguments, isBiasOf } from './arguments.ts';
import { bindProduct, flopOf, productParams } from './bound-product.ts';
import { bindMatrix, rowsPerBinding, sliceColumns, sliceRows } from './matrix.ts';
import { recordOnMatrixUnits } from './matrix-unit-product.ts';
import { quadTiledMatmul } from './quad-tiled.ts';
import { registerTiledMatmul } from './register-tiled.ts';
import { chooseTile, singleTiles } from './subgroup-tile.ts';
import { subgroupTiledMatmul } from './subgroup-tiled.ts';
import { recordTiled, stagedKernels } from './tiled-product.ts';
import { type AddedVariant, type MatmulKernel, type MatmulVariant, layoutOf } from './variant.ts';

/** A product whose operands are parts of the caller's. */
interface Task extends MatmulArguments {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly accumulate: boolean;
  readonly biasOffset: number;
}

/** Of a sum in descending order: enough to round anew, few enough to stay quick. */
const SUMMATION_BLOCKS = 8;

/**
 * C = A B (+ bias) (+ C) in float32 arithmetic, each element summed over k in ascending order whatever m and n are
 * (unless the Gpu's option `summation` says otherwise; on GPUs products of training steps, without a transposed A, are
 * summed in chunks of k, which n and k decide; on matrix units, if the Gpu may use them, the order is the hardware's).
 * Operands over the binding limit are worked on in slices.
 * @throws RangeError for sizes that do not agree, a bias that is too short, two transposed operands, or if another operand than B is float16;
 *   UserError (`binding-limit`) if four rows of an operand are more than may be bound
 */
export function matmul(gpu: Gpu, args: MatmulArguments): void {
  const { transposeA = false, transposeB = false, accumulate = false, biasOffset = 0 } = args;
  const [m, ka] = transposeA ? [args.a.columns, args.a.rows] : [args.a.rows, args.a.columns];
  const [kb, n] = transposeB ? [args.b.columns, args.b.rows] : [args.b.rows, args.b.columns];
  if (ka !== kb || m !== args.c.rows || n !== args.c.columns) {
    throw new RangeError(
      `matmul of ${args.a.tensor.label} [${m}, ${ka}] and ${args.b.tensor.label} [${kb}, ${n}] into ${args.c.tensor.label} [${args.c.rows}, ${args.c.columns}]`,
    );
  }
  if (transposeA && transposeB) throw new RangeError('matmul: transposing both operands is not supported');
  if (!isBiasOf(args, n)) throw new RangeError(`matmul: ${args.bias?.label} is no bias [${n}]`);
  for (const { tensor } of [args.a, args.c]) {
    if (tensor.dtype === 'float16')
      throw new RangeError(`matmul: ${tensor.label} is stored as float16; only the second factor may be`);
  }
  if (m === 0 || n === 0) return;
  const task: Task = { ...args, transposeA, transposeB, accumulate, biasOffset };
  if (gpu.summation === 'descending') runDescending(gpu, task, ka);
  else run(gpu, task);
}

/** Every kernel that {@link matmul} may run under a tuning, or under that which takes its place on other devices. */
export function matmulKernels(tuning: Tuning): Kernel[] {
  return tiledKernels(tuning, [{ dtypeB: 'float32' }, { dtypeB: 'float16' }]);
}

/** The kernels of a product in all layouts, under a tuning: those of its tiles, whatever operands consist of vec4s. */
export function tiledKernels(
  { matmul: tuning }: Tuning,
  options: readonly Omit<MatmulVariant, 'transposeA' | 'transposeB'>[],
): Kernel[] {
  if (tuning.strategy === 'tiled') return stagedKernels(tuning, options);
  const transposes = [
    { transposeA: false, transposeB: false },
    { transposeA: false, transposeB: true },
    { transposeA: true, transposeB: false },
  ];
  const variants = transposes.flatMap((transpose) => options.map((own) => ({ ...transpose, ...own })));
  const vectors = [true, false].flatMap((a) =>
    [true, false].flatMap((b) => [true, false].map((c) => ({ a, b, c }))),
  );
  const added = variants.flatMap((variant) =>
    [false, true].map((accumulate) => ({ ...variant, accumulate })),
  );
  const kernels = added.flatMap((variant) => {
    const choices: Untiled[] =
      tuning.strategy === 'subgroup'
        ? [...singleTiles(tuning, layoutOf(variant)), tuning.otherwise]
        : [tuning];
    return choices.flatMap((choice) =>
      vectors.map((which) => tiledKernel(choice, variant, which, [1, 1, 1]).kernel),
    );
  });
  return [...new Set(kernels)];
}

/** Block after block of k, the last first. */
function runDescending(gpu: Gpu, task: Task, k: number): void {
  // Multiples of four, so that loads stay vectorized.
  const step = Math.max(4, Math.ceil(k / SUMMATION_BLOCKS / 4) * 4);
  const last = Math.max(0, Math.ceil(k / step) - 1) * step;
  for (let start = last; start >= 0; start -= step)
    run(gpu, alongK(task, start, Math.min(step, k - start), start === last));
}

/** Cuts whatever operand is too large to bind into runs of rows until everything fits. */
function run(gpu: Gpu, task: Task): void {
  const limit = gpu.maxBindingBytes;
  for (const name of ['a', 'b', 'c'] as const) {
    const operand = task[name];
    if (bindMatrix(operand, limit).size <= limit) continue;
    const step = Math.floor(rowsPerBinding(operand, limit) / 4) * 4;
    if (step < 1) {
      throw new UserError(
        `matmul: four rows of ${operand.tensor.label} exceed the binding limit of ${limit} bytes`,
        'binding-limit',
      );
    }
    for (let start = 0; start < operand.rows; start += step) {
      run(gpu, part(task, name, start, Math.min(step, operand.rows - start)));
    }
    return;
  }
  record(gpu, task);
}

/** The share of rows [start, start + count) of an operand, as it lies in memory, in the product. */
function part(task: Task, operand: 'a' | 'b' | 'c', start: number, count: number): Task {
  const { a, b, c, transposeA, transposeB } = task;
  const alongM = operand === 'c' || (operand === 'a' && !transposeA);
  if (alongM) {
    return {
      ...task,
      a: transposeA ? sliceColumns(a, start, count) : sliceRows(a, start, count),
      c: sliceRows(c, start, count),
    };
  }
  if (operand === 'b' && transposeB) {
    return {
      ...task,
      b: sliceRows(b, start, count),
      c: sliceColumns(c, start, count),
      biasOffset: task.biasOffset + start,
    };
  }
  return alongK(task, start, count, start === 0);
}

/** A run of k; the bias goes with the run that comes first, the others add to it. */
function alongK(task: Task, start: number, count: number, first: boolean): Task {
  const { a, b, transposeA, transposeB } = task;
  const { bias: _first, ...rest } = task;
  return {
    ...(first ? task : rest),
    a: transposeA ? sliceRows(a, start, count) : sliceColumns(a, start, count),
    b: transposeB ? sliceColumns(b, start, count) : sliceRows(b, start, count),
    accumulate: !first || task.accumulate,
  };
}

function record(gpu: Gpu, task: Task): void {
  const tuning = gpu.tuning.matmul;
  const product = { ...task, bias: task.bias, regime: task.regime ?? gpu.regime };
  if (gpu.matrixUnits && recordOnMatrixUnits(gpu, gpu.matrixUnits, product)) return;
  if (tuning.strategy === 'tiled') {
    recordTiled(gpu, tuning, product);
    return;
  }
  const { transposeA, transposeB, bias } = task;
  const bound = bindProduct(gpu, task);
  const { a, b, c } = bound;
  const dtypeB = task.b.tensor.dtype === 'float16' ? 'float16' : 'float32';
  const variant = { transposeA, transposeB, dtypeB, accumulate: task.accumulate } as const;
  const tiled = tiledKernel(tuning, variant, bound.vectors, bound.shape);
  const { params, workgroups } = productParams(bound, tiled);
  gpu.dispatch(
    tiled.kernel,
    // Without a bias any readable buffer may stand in its place.
    { a: a.operand, b: b.operand, bias: bias ?? a.operand, c: c.operand },
    params as Record<keyof MatmulKernel['params'], number>,
    grid(workgroups),
    flopOf(bound),
  );
}

/** What has one kernel for all regimes. */
type Untiled = Exclude<MatmulTuning, { strategy: 'tiled' }>;

/** A kernel, and the rows and columns of C that a workgroup of it computes. */
export interface TiledKernel<K = MatmulKernel> {
  readonly kernel: K;
  readonly rows: number;
  readonly columns: number;
  /** Parameters besides those of every product. */
  readonly params?: Readonly<Record<string, number>>;
}

/**
 * @param vectors which operands consist of whole vec4s
 * @param shape m, n and k
 * @param tilesOfRows tiles of so many rows from the top of C to the bottom, if they are not those that m says
 */
export function tiledKernel(
  tuning: Untiled,
  added: AddedVariant,
  vectors: Readonly<Record<'a' | 'b' | 'c', boolean>>,
  shape: readonly [number, number, number],
  tilesOfRows?: (height: number) => number,
): TiledKernel {
  const { accumulate: _accumulate, ...variant } = added;
  const { transposeA, transposeB } = variant;
  switch (tuning.strategy) {
    case 'register': {
      const { tile } = tuning;
      const vectorized = vectors.b && (!transposeB || (tuning.vectorsAlongK && vectors.a));
      return { kernel: registerTiledMatmul({ ...variant, tile, vectorized }), ...extentOf(tile) };
    }
    case 'subgroup': {
      const vectorA = transposeA || transposeB;
      // Without a transposed B its columns are those of C. Rows of a vocabulary's length are none of a grouped product.
      const vectorC = !transposeB || variant.grouped;
      const layout = layoutOf(variant);
      const isPlain = vectors.a && vectors.b && vectors.c && variant.dtypeB === 'float32';
      const tiles = tuning.tiles[layout].filter(
        (own) => (isPlain || !own.plainOnly) && (vectors.a || !own.vectorA),
      );
      const { subgroupSize, elementsOfB } = tuning;
      if (elementsOfB && layout === 'NN' && !vectors.b && !variant.grouped) {
        const options = { tile: elementsOfB, subgroupSize, vectorB: false, vectorC: false };
        return {
          kernel: subgroupTiledMatmul({ ...variant, ...options }),
          ...extentInSubgroup(elementsOfB, subgroupSize),
        };
      }
      if (tiles.length === 0 || !vectors.b || (vectorA && !vectors.a) || (vectorC && !vectors.c))
        return tiledKernel(tuning.otherwise, added, vectors, shape, tilesOfRows);
      const {
        rate: _rate,
        minWork: _minWork,
        plainOnly: _plainOnly,
        ...tile
      } = chooseTile(
        { subgroupSize, tiles: { ...tuning.tiles, [layout]: tiles } },
        layout,
        shape,
        tilesOfRows,
      );
      const kernel =
        subgroupSize === QUAD
          ? quadTiledMatmul({ ...added, tile, vectorA: vectors.a, vectorC: vectors.c })
          : subgroupTiledMatmul({
              ...variant,
              ...{ tile, subgroupSize, vectorB: true, vectorC: vectors.c },
            });
      return { kernel, ...extentInSubgroup(tile, subgroupSize) };
    }
  }
}

function extentInSubgroup(
  { rows, columns }: SubgroupTile,
  subgroupSize: number,
): { rows: number; columns: number } {
  return { rows, columns: columns * subgroupSize };
}

function extentOf({ rows, columns, workgroup }: MatmulTile): { rows: number; columns: number } {
  return { rows: rows * workgroup[1], columns: columns * workgroup[0] };
}
