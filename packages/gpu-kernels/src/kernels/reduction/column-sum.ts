import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { hasLoneRows } from '../row-runs.ts';
import { defineSideBySide, runsOf, sideBySide } from '../side-by-side.ts';
import { elements, rowWindows } from '../windows.ts';

/** Rows that one invocation of the first stage sums. */
export const ROWS_PER_CHUNK = 64;

/** Operands and options of {@link columnSum}. */
export interface ColumnSumArguments {
  /** float32 [R, C]. */
  readonly x: Tensor;
  /** float32 [C]. */
  readonly out: Tensor;
  /** out += instead of out =. */
  readonly accumulate?: boolean;
}

/**
 * out[c] = sum over r of x[r, c], in two stages and a fixed order: the gradient with respect to a bias.
 * @throws RangeError if x has no rows of C elements
 */
export function columnSum(gpu: Gpu, { x, out, accumulate = false }: ColumnSumArguments): void {
  const columns = out.length;
  const rows = x.length / columns;
  if (!Number.isInteger(rows))
    throw new RangeError(`columnSum: ${x.label} [${x.shape.join(', ')}] has no rows of ${columns}`);
  if (rows <= ROWS_PER_CHUNK) {
    sumChunks(gpu, x, out, { rows, columns, rowsPerChunk: ROWS_PER_CHUNK, outOffset: 0, accumulate });
    return;
  }
  using scope = gpu.scope();
  const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
  const partial = scope.tensor([chunks, columns], 'column-sum.partial');
  for (const { start, end } of rowWindows(gpu, rows, columns * 4)) {
    const window = elements(x, { start: start * columns, end: end * columns });
    const outOffset = (start / ROWS_PER_CHUNK) * columns;
    sumChunks(gpu, window, partial, {
      rows: end - start,
      columns,
      rowsPerChunk: ROWS_PER_CHUNK,
      outOffset,
      accumulate: false,
    });
  }
  sumChunks(gpu, partial, out, { rows: chunks, columns, rowsPerChunk: chunks, outOffset: 0, accumulate });
}

/**
 * As {@link columnSum} of each, up to four in a dispatch where none has many rows: the same bits.
 * @throws RangeError if an x has no rows of as many elements as its out
 */
export function columnSums(gpu: Gpu, sums: readonly ColumnSumArguments[]): void {
  const short = sums.every(
    ({ x, out }) => x.length % out.length === 0 && x.length <= ROWS_PER_CHUNK * out.length,
  );
  if (!short || sums.length === 1) {
    for (const each of sums) columnSum(gpu, each);
    return;
  }
  for (const run of runsOf(sums, MOST)) {
    if (run.length === 1) {
      columnSum(gpu, run[0] as ColumnSumArguments);
      continue;
    }
    const matrices = run.map(({ x, out }) => ({ rows: x.length / out.length, columns: out.length }));
    const wide = isColumnsWide(gpu.tuning, matrices);
    const perElement = wide ? 4 : 1;
    const groups = run.map(({ x, out }) => ({ count: out.length, storage: { x, out } }));
    const { storage, params, count } = sideBySide(groups, perElement);
    for (const [g, { accumulate = false }] of run.entries()) {
      const { rows, columns } = matrices[g]!;
      params[`rows${g}`] = rows;
      params[`columns${g}`] = columns / perElement;
      params[`accumulate${g}`] = Number(accumulate);
    }
    const workgroups = pointwiseGrid(count, columnInvocations(wide));
    gpu.dispatch(shortKernel({ groups: run.length, wide }), storage, params, workgroups);
  }
}

/** Every kernel of {@link columnSum} and {@link columnSums} under a tuning. */
export function columnSumKernels(tuning: Tuning): Kernel[] {
  return columnWidths(tuning).flatMap((wide): Kernel[] => [
    columnKernel(wide),
    ...[2, 3, MOST].map((groups) => shortKernel({ groups, wide })),
  ]);
}

/** Whether an invocation sums four columns at a time: on software adapters, where all matrices have such columns. */
export function isColumnsWide(
  tuning: Pick<Tuning, 'normLanes'>,
  matrices: readonly { readonly rows: number; readonly columns: number }[],
): boolean {
  // An empty matrix could not be bound by vectors.
  return hasLoneRows(tuning) && matrices.every(({ rows, columns }) => rows > 0 && columns % 4 === 0);
}

/** What {@link isColumnsWide} may say under a tuning. */
export function columnWidths(tuning: Pick<Tuning, 'normLanes'>): boolean[] {
  return hasLoneRows(tuning) ? [true, false] : [false];
}

/** Invocations of a workgroup, each with a column of many rows. */
export const columnInvocations = (wide: boolean): number => (wide ? 32 : 256);

/** Pairs of tensors that eight bindings hold. */
const MOST = 4;

/** An invocation for each column of each matrix, all of whose rows it sums. */
const shortKernel = memoizeKernel(({ groups, wide }: { readonly groups: number; readonly wide: boolean }) => {
  const element = wide ? 'vec4<f32>' : 'f32';
  return defineSideBySide<'x' | 'out', string>({
    label: `reduction.column-sums${wide ? '.vec4' : ''}`,
    groups,
    invocations: columnInvocations(wide),
    storage: { x: element, out: `&${element}` },
    params: Object.fromEntries(
      Array.from({ length: groups }, (_, g) =>
        ['rows', 'columns', 'accumulate'].map((name) => [`${name}${g}`, 'u32'] as const),
      ).flat(),
    ),
    body: ({ x, out }, g) => `
      var sum = ${element}();
      for (var r = 0u; r < params.rows${g}; r++) { sum += ${x}[r * params.columns${g} + j]; }
      if (params.accumulate${g} != 0u) { sum += ${out}[j]; }
      ${out}[j] = sum;`,
  });
});

/** An invocation for each chunk of rows and each column. */
const columnKernel = memoizeKernel((wide: boolean) => {
  const element = wide ? 'vec4<f32>' : 'f32';
  return definePointwise({
    label: `reduction.column-sum${wide ? '.vec4' : ''}`,
    invocations: columnInvocations(wide),
    storage: { x: element, out: `&${element}` },
    params: { rows: 'u32', columns: 'u32', rowsPerChunk: 'u32', outOffset: 'u32', accumulate: 'u32' },
    body: `
    let c = i % params.columns;
    let start = i / params.columns * params.rowsPerChunk;
    var sum = ${element}();
    for (var r = start; r < min(start + params.rowsPerChunk, params.rows); r++) {
      sum += x[r * params.columns + c];
    }
    if (params.accumulate != 0u) { sum += out[params.outOffset + i]; }
    out[params.outOffset + i] = sum;`,
  });
});

interface Chunks {
  readonly rows: number;
  readonly columns: number;
  readonly rowsPerChunk: number;
  readonly outOffset: number;
  readonly accumulate: boolean;
}

function sumChunks(gpu: Gpu, x: Operand, out: Tensor, chunks: Chunks): void {
  const wide = isColumnsWide(gpu.tuning, [chunks]);
  const perElement = wide ? 4 : 1;
  const [columns, outOffset] = [chunks.columns / perElement, chunks.outOffset / perElement];
  const count = Math.max(Math.ceil(chunks.rows / chunks.rowsPerChunk), 1) * columns;
  gpu.dispatch(
    columnKernel(wide),
    { x, out },
    { ...chunks, columns, outOffset, count, accumulate: Number(chunks.accumulate) },
    pointwiseGrid(count, columnInvocations(wide)),
  );
}
