import type { Gpu } from '../../runtime/gpu.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, dispatchPointwise, pointwiseGrid } from '../pointwise.ts';

const ADD = definePointwise({
  label: 'elementwise.add',
  storage: { x: 'f32', y: 'f32', out: '&f32' },
  params: {},
  body: '  out[i] = x[i] + y[i];',
});

const ADD_SCALED = definePointwise({
  label: 'elementwise.add-scaled',
  storage: { source: 'f32', sum: '&f32' },
  params: { scale: 'f32' },
  body: '  sum[i] += params.scale * source[i];',
});

const SCALE = definePointwise({
  label: 'elementwise.scale',
  storage: { x: '&f32' },
  params: { scale: 'f32' },
  body: '  x[i] *= params.scale;',
});

const ROUND_TO_HALF = definePointwise({
  label: 'elementwise.round-to-half',
  storage: { x: '&f32' },
  params: {},
  body: '  x[i] = quantizeToF16(x[i]);',
});

const GATHER_ROWS = definePointwise({
  label: 'elementwise.gather-rows',
  storage: { x: 'f32', rows: 'u32', out: '&f32' },
  params: { width: 'u32' },
  body: '  out[i] = x[rows[i / params.width] * params.width + i % params.width];',
});

const SCATTER_ROWS_ADD = definePointwise({
  label: 'elementwise.scatter-rows-add',
  storage: { gradOutput: 'f32', rows: 'u32', out: '&f32' },
  params: { width: 'u32' },
  body: '  out[rows[i / params.width] * params.width + i % params.width] += gradOutput[i];',
});

/** out = x + y, any equal shapes; out is a buffer of its own. */
export function add(gpu: Gpu, args: { readonly x: Tensor; readonly y: Tensor; readonly out: Tensor }): void {
  dispatchPointwise(gpu, ADD, args, {});
}

/** target += scale * source, any equal shapes. */
export function addScaled(
  gpu: Gpu,
  args: { readonly target: Tensor; readonly source: Tensor; readonly scale: number },
): void {
  const { target, source, scale } = args;
  dispatchPointwise(gpu, ADD_SCALED, { sum: target, source }, { scale });
}

/** x *= scale. */
export function scaleInPlace(gpu: Gpu, args: { readonly x: Tensor; readonly scale: number }): void {
  dispatchPointwise(gpu, SCALE, { x: args.x }, { scale: args.scale });
}

/**
 * Rounds x to what float16 can hold; it stays a float32 tensor. WGSL leaves open which neighbour, and whether numbers
 * below 2^-14 become zero. Numbers beyond 65504 have no defined result.
 */
export function roundToHalf(gpu: Gpu, x: Tensor): void {
  dispatchPointwise(gpu, ROUND_TO_HALF, { x }, {});
}

export interface GatherRowsArguments {
  /** [T, d]. */
  readonly x: Tensor;
  /** u32 [R], each below T. */
  readonly rows: Tensor;
  /** [R, d]. */
  readonly out: Tensor;
}

/** out[r] = x[rows[r]]. */
export function gatherRows(gpu: Gpu, { x, rows, out }: GatherRowsArguments): void {
  const { count, width } = rowCopy('gatherRows', rows, out, x);
  gpu.dispatch(GATHER_ROWS, { x, rows, out }, { count, width }, pointwiseGrid(count));
}

export interface ScatterRowsAddArguments {
  /** [R, d]. */
  readonly gradOutput: Tensor;
  /** u32 [R], each below T and none twice. */
  readonly rows: Tensor;
  /** [T, d]. */
  readonly out: Tensor;
}

/** out[rows[r]] += gradOutput[r]: the backward of {@link gatherRows} with distinct rows. */
export function scatterRowsAdd(gpu: Gpu, { gradOutput, rows, out }: ScatterRowsAddArguments): void {
  const { count, width } = rowCopy('scatterRowsAdd', rows, gradOutput, out);
  gpu.dispatch(SCATTER_ROWS_ADD, { gradOutput, rows, out }, { count, width }, pointwiseGrid(count));
}

function rowCopy(op: string, rows: Tensor, few: Tensor, many: Tensor): { count: number; width: number } {
  const width = few.shape.at(-1) ?? 1;
  if (few.length !== rows.length * width || many.length % width !== 0) {
    throw new RangeError(
      `${op}: ${rows.length} rows of ${many.label} [${many.shape.join(', ')}] do not match ${few.label} [${few.shape.join(', ')}]`,
    );
  }
  return { count: few.length, width };
}
