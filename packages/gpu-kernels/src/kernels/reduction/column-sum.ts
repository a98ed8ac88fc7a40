import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
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
    const groups = run.map(({ x, out }) => ({ count: out.length, storage: { x, out } }));
    const { storage, params, count } = sideBySide(groups);
    for (const [g, { x, out, accumulate = false }] of run.entries()) {
      params[`rows${g}`] = x.length / out.length;
      params[`columns${g}`] = out.length;
      params[`accumulate${g}`] = Number(accumulate);
    }
    gpu.dispatch(shortKernel(run.length), storage, params, pointwiseGrid(count));
  }
}

/** Every kernel of {@link columnSum} and {@link columnSums}. */
export function columnSumKernels(): Kernel[] {
  return [COLUMN_SUM, ...[2, 3, MOST].map(shortKernel)];
}

/** Pairs of tensors that eight bindings hold. */
const MOST = 4;

/** An invocation for each column of each matrix, all of whose rows it sums. */
const shortKernel = memoizeKernel((groups: number) =>
  defineSideBySide<'x' | 'out', string>({
    label: 'reduction.column-sums',
    groups,
    storage: { x: 'f32', out: '&f32' },
    params: Object.fromEntries(
      Array.from({ length: groups }, (_, g) =>
        ['rows', 'columns', 'accumulate'].map((name) => [`${name}${g}`, 'u32'] as const),
      ).flat(),
    ),
    body: ({ x, out }, g) => `
      var sum = 0.0;
      for (var r = 0u; r < params.rows${g}; r++) { sum += ${x}[r * params.columns${g} + j]; }
      if (params.accumulate${g} != 0u) { sum += ${out}[j]; }
      ${out}[j] = sum;`,
  }),
);

/** An invocation for each chunk of rows and each column. */
const COLUMN_SUM = definePointwise({
  label: 'reduction.column-sum',
  storage: { x: 'f32', out: '&f32' },
  params: { rows: 'u32', columns: 'u32', rowsPerChunk: 'u32', outOffset: 'u32', accumulate: 'u32' },
  body: `
    let c = i % params.columns;
    let start = i / params.columns * params.rowsPerChunk;
    var sum = 0.0;
    for (var r = start; r < min(start + params.rowsPerChunk, params.rows); r++) {
      sum += x[r * params.columns + c];
    }
    if (params.accumulate != 0u) { sum += out[params.outOffset + i]; }
    out[params.outOffset + i] = sum;`,
});

interface Chunks {
  readonly rows: number;
  readonly columns: number;
  readonly rowsPerChunk: number;
  readonly outOffset: number;
  readonly accumulate: boolean;
}

function sumChunks(gpu: Gpu, x: Operand, out: Tensor, chunks: Chunks): void {
  const count = Math.max(Math.ceil(chunks.rows / chunks.rowsPerChunk), 1) * chunks.columns;
  gpu.dispatch(
    COLUMN_SUM,
    { x, out },
    { ...chunks, count, accumulate: Number(chunks.accumulate) },
    pointwiseGrid(count),
  );
}
