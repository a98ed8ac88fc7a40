import { UserError } from '../../errors.ts';
import type { Gpu } from '../../runtime/gpu.ts';
import { grid } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { type Matrix, bindMatrix, rowsPerBinding, sliceColumns, sliceRows } from './matrix.ts';
import { registerTiledMatmul } from './register-tiled.ts';
import { sharedTiledMatmul } from './shared-tiled.ts';
import type { Tile } from './variant.ts';

export type MatmulStrategy = 'register' | 'shared';

export interface MatmulArguments {
  /** [m, k], or [k, m] with transposeA. */
  readonly a: Matrix;
  /** [k, n], or [n, k] with transposeB; alone among the operands it may be stored as f16. */
  readonly b: Matrix;
  /** [m, n]. */
  readonly c: Matrix;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** [n], added to every row. */
  readonly bias?: Tensor;
  /** C += A B instead of C = A B. */
  readonly accumulate?: boolean;
  /** Overrides the adapter's choice (tests, benchmarks). */
  readonly strategy?: MatmulStrategy;
  /** Overrides the adapter's binding limit, to test slicing on small matrices. */
  readonly maxBindingBytes?: number;
}

interface Task extends MatmulArguments {
  readonly biasOffset: number;
}

/** Of a sum in descending order: enough to round anew, few enough to stay quick. */
const SUMMATION_BLOCKS = 8;

/** Measured (bench/kernels.ts): with a transposed B, vec4 loads win on SwiftShader and lose on lavapipe. */
const TILES: Record<MatmulStrategy, Tile> = {
  register: { rows: 16, columns: 8, workgroup: [4, 2] },
  shared: { rows: 4, columns: 4, workgroup: [16, 16] },
};

/**
 * C = A B (+ bias) (+ C) in float32 arithmetic, each element summed over k in ascending order whatever m and n are
 * (unless `gpu.summation` says otherwise).
 * Operands over the adapter's binding limit are worked on in slices.
 * @throws RangeError for sizes that do not agree, or if another operand than B is stored as f16
 */
export function matmul(gpu: Gpu, args: MatmulArguments): void {
  const [m, ka] = args.transposeA ? [args.a.columns, args.a.rows] : [args.a.rows, args.a.columns];
  const [kb, n] = args.transposeB ? [args.b.columns, args.b.rows] : [args.b.rows, args.b.columns];
  if (ka !== kb || m !== args.c.rows || n !== args.c.columns) {
    throw new RangeError(
      `matmul of ${args.a.tensor.label} [${m}, ${ka}] and ${args.b.tensor.label} [${kb}, ${n}] into ${args.c.tensor.label} [${args.c.rows}, ${args.c.columns}]`,
    );
  }
  if (args.transposeA && args.transposeB)
    throw new RangeError('matmul: transposing both operands is not supported');
  for (const { tensor } of [args.a, args.c]) {
    if (tensor.dtype === 'float16')
      throw new RangeError(`matmul: ${tensor.label} is stored as f16; only the second factor may be`);
  }
  if (m === 0 || n === 0) return;
  const task = { ...args, biasOffset: 0 };
  if (gpu.summation === 'descending') runDescending(gpu, task, ka);
  else run(gpu, task);
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
  const limit = task.maxBindingBytes ?? gpu.maxBindingBytes;
  for (const [name, operand] of [
    ['a', task.a],
    ['b', task.b],
    ['c', task.c],
  ] as const) {
    if (bindMatrix(operand, limit).binding.size <= limit) continue;
    const step = Math.floor(rowsPerBinding(operand, limit) / 4) * 4;
    if (step < 1)
      throw new UserError(
        `matmul: four rows of ${operand.tensor.label} exceed the binding limit of ${limit} bytes`,
        'binding-limit',
      );
    for (let start = 0; start < operand.rows; start += step) {
      run(gpu, part(task, name, start, Math.min(step, operand.rows - start)));
    }
    return;
  }
  record(gpu, task, limit);
}

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
    accumulate: !first || task.accumulate === true,
  };
}

function record(gpu: Gpu, task: Task, limit: number): void {
  const { c, bias, transposeA = false, transposeB = false, accumulate = false } = task;
  const a = bindMatrix(task.a, limit);
  const b = bindMatrix(task.b, limit);
  const target = bindMatrix(c, limit);
  const k = transposeA ? task.a.rows : task.a.columns;
  const strategy = task.strategy ?? (gpu.adapter.kind === 'software' ? 'register' : 'shared');
  const tile = TILES[strategy];
  const vectorized =
    strategy === 'register' &&
    (!transposeB || gpu.adapter.profile === 'swiftshader') &&
    [
      b.offset,
      task.b.stride,
      transposeB ? k : c.columns,
      ...(transposeB ? [a.offset, task.a.stride] : []),
    ].every((size) => size % 4 === 0);
  const build = strategy === 'register' ? registerTiledMatmul : sharedTiledMatmul;
  const dtypeB = task.b.tensor.dtype === 'float16' ? 'float16' : 'float32';
  const kernel = build({ transposeA, transposeB, vectorized, dtypeB, tile });
  const groupsPerRow = Math.ceil(c.columns / (tile.columns * tile.workgroup[0]));
  const groups = groupsPerRow * Math.ceil(c.rows / (tile.rows * tile.workgroup[1]));
  gpu.dispatch(
    kernel,
    // Without a bias any readable buffer may stand in its place.
    { a: a.binding, b: b.binding, bias: bias ?? a.binding, c: target.binding },
    {
      m: c.rows,
      n: c.columns,
      k,
      aOffset: a.offset,
      aStride: task.a.stride,
      bOffset: b.offset,
      bStride: task.b.stride,
      cOffset: target.offset,
      cStride: c.stride,
      biasOffset: task.biasOffset,
      groupsPerRow,
      useBias: Number(bias !== undefined),
      accumulate: Number(accumulate),
    },
    grid(groups),
  );
}
