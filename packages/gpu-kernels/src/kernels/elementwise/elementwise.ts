import type { Gpu } from '../../runtime/gpu.ts';
import type { Kernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { definePointwise, defineWide, dispatchWide, pointwiseGrid, pointwiseWindows } from '../pointwise.ts';
import { defineRowRuns, dispatchRowRuns, rowRunsKernels, hasLoneRows } from '../row-runs.ts';

/** Operands and options of {@link add}. */
export interface AddArguments {
  /** float32, any shape. */
  readonly x: Tensor;
  /** float32, as long as x. */
  readonly y: Tensor;
  /** float32, as long as x, a buffer of its own. */
  readonly out: Tensor;
}

/**
 * out = x + y, elementwise.
 * @throws RangeError if the lengths differ
 */
export function add(gpu: Gpu, { x, y, out }: AddArguments): void {
  dispatchWide(gpu, 'add', ADD, { x, y, out }, {});
}

/** Operands and options of {@link addScaled}. */
export interface AddScaledArguments {
  /** float32, any shape; added to. */
  readonly target: Tensor;
  /** float32, as long as target. */
  readonly source: Tensor;
  readonly scale: number;
}

/**
 * target += scale * source, elementwise.
 * @throws RangeError if the lengths differ
 */
export function addScaled(gpu: Gpu, { target, source, scale }: AddScaledArguments): void {
  dispatchWide(gpu, 'addScaled', ADD_SCALED, { sum: target, source }, { scale });
}

/** Operands and options of {@link scaleInPlace}. */
export interface ScaleArguments {
  /** float32, any shape; multiplied in place. */
  readonly x: Tensor;
  readonly scale: number;
}

/** x *= scale, in place. */
export function scaleInPlace(gpu: Gpu, { x, scale }: ScaleArguments): void {
  dispatchWide(gpu, 'scaleInPlace', SCALE, { x }, { scale });
}

/**
 * Rounds float32 x in place to what float16 can hold; it stays a float32 tensor. WGSL leaves open which neighbour, and
 * whether numbers below 2^-14 become zero. Numbers beyond 65504 have no defined result.
 */
export function roundToHalf(gpu: Gpu, x: Tensor): void {
  for (const { count, part } of pointwiseWindows(gpu, 'roundToHalf', [x]))
    gpu.dispatch(ROUND_TO_HALF, { x: part(x) }, { count }, pointwiseGrid(count));
}

/** Operands and options of {@link gatherRows}. */
export interface GatherRowsArguments {
  /** float32 [T, d]. */
  readonly x: Tensor;
  /** uint32 [R]; where one is T or more, its row of out is zero. */
  readonly rows: Tensor;
  /** float32 [R, d], or more rows of d: a buffer of its own. */
  readonly out: Tensor;
  /** Element of out that the first row goes to; 0 if absent. */
  readonly outOffset?: number;
}

/**
 * out[r] = x[rows[r]]. With the place of each row, or a number past them for rows that are nowhere, it is its own backward.
 * @throws RangeError for sizes that do not agree
 */
export function gatherRows(gpu: Gpu, { x, rows, out, outOffset = 0 }: GatherRowsArguments): void {
  const width = out.shape.at(-1) ?? 1;
  const count = rows.length * width;
  if (x.length % width !== 0 || outOffset < 0 || outOffset + count > out.length)
    throw new RangeError(
      `gatherRows: ${rows.length} rows of ${x.label} [${x.shape.join(', ')}] do not fit ${out.label} [${out.shape.join(', ')}] at ${outOffset}`,
    );
  const wide = hasLoneRows(gpu.tuning) && x.length > 0 && width % 4 === 0 && outOffset % 4 === 0;
  const perElement = wide ? 4 : 1;
  const params = { height: x.length / width, outOffset: outOffset / perElement };
  dispatchRowRuns(gpu, GATHER_ROWS, { rows: rows.length, width, perElement }, { x, rows, out }, params);
}

/** Operands and options of {@link scatterRowsAdd}. */
export interface ScatterRowsAddArguments {
  /** float32 [R, d]. */
  readonly gradOutput: Tensor;
  /** uint32 [R], each below T and none twice. */
  readonly rows: Tensor;
  /** float32 [T, d]; added to. */
  readonly gradInput: Tensor;
}

/**
 * gradInput[rows[r]] += gradOutput[r]: the backward of {@link gatherRows} with distinct rows.
 * @throws RangeError for sizes that do not agree
 */
export function scatterRowsAdd(gpu: Gpu, { gradOutput, rows, gradInput }: ScatterRowsAddArguments): void {
  const { count, width } = rowCopy('scatterRowsAdd', rows, gradOutput, gradInput);
  gpu.dispatch(SCATTER_ROWS_ADD, { gradOutput, rows, gradInput }, { count, width }, pointwiseGrid(count));
}

/** Every kernel of elementwise operations under a tuning. */
export function elementwiseKernels(tuning: Tuning): Kernel[] {
  return [
    ...[ADD, ADD_SCALED, SCALE].flatMap(({ one, four }): Kernel[] => [one, four]),
    ROUND_TO_HALF,
    ...rowRunsKernels(tuning, GATHER_ROWS),
    SCATTER_ROWS_ADD,
  ];
}

const ADD = defineWide({
  label: 'elementwise.add',
  storage: { x: 'f32', y: 'f32', out: '&f32' },
  body: () => 'out[i] = x[i] + y[i];',
});

const ADD_SCALED = defineWide({
  label: 'elementwise.add-scaled',
  storage: { source: 'f32', sum: '&f32' },
  params: { scale: 'f32' },
  body: () => 'sum[i] += params.scale * source[i];',
});

const SCALE = defineWide({
  label: 'elementwise.scale',
  storage: { x: '&f32' },
  params: { scale: 'f32' },
  body: () => 'x[i] *= params.scale;',
});

const ROUND_TO_HALF = definePointwise({
  label: 'elementwise.round-to-half',
  storage: { x: '&f32' },
  body: 'x[i] = quantizeToF16(x[i]);',
});

const GATHER_ROWS = defineRowRuns({
  label: 'elementwise.gather-rows',
  storage: (element) => ({ x: element, rows: 'u32', out: `&${element}` }) as const,
  params: { height: 'u32', outOffset: 'u32' },
  ofRow: `
    let source = rows[row];
    let last = params.height - 1u;
    let start = min(source, last) * params.width;`,
  ofElement: (element) => `out[params.outOffset + i] = select(${element}(), x[start + c], source <= last);`,
});

const SCATTER_ROWS_ADD = definePointwise({
  label: 'elementwise.scatter-rows-add',
  storage: { gradOutput: 'f32', rows: 'u32', gradInput: '&f32' },
  params: { width: 'u32' },
  body: 'gradInput[rows[i / params.width] * params.width + i % params.width] += gradOutput[i];',
});

function rowCopy(op: string, rows: Tensor, few: Tensor, many: Tensor): { count: number; width: number } {
  const width = few.shape.at(-1) ?? 1;
  if (few.length !== rows.length * width || many.length % width !== 0) {
    throw new RangeError(
      `${op}: ${rows.length} rows of ${many.label} [${many.shape.join(', ')}] do not match ${few.label} [${few.shape.join(', ')}]`,
    );
  }
  return { count: few.length, width };
}
