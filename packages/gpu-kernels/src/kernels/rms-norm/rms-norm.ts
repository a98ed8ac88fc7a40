import type { Gpu } from '../../runtime/gpu.ts';
import { defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { columnSum } from '../reduction/column-sum.ts';
import { invocationsPerRow, workgroupReduction } from '../workgroup-reduction.ts';

/** Rows that one invocation sums for the weight's gradient. */
const ROWS_PER_CHUNK = 32;

const forwardKernel = memoizeKernel((size: number) =>
  defineKernel({
    label: `rms-norm.forward.${size}`,
    storage: { x: 'f32', weight: 'f32', out: '&f32', stats: '&f32' },
    params: { rows: 'u32', width: 'u32', epsilon: 'f32' },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
  if (group >= params.rows) { return; }
  let row = group * params.width;
  var squares = 0.0;
  for (var c = localIndex; c < params.width; c += ${size}u) { squares += x[row + c] * x[row + c]; }
  let inverse = 1.0 / sqrt(total(squares, localIndex) / f32(params.width) + params.epsilon);
  for (var c = localIndex; c < params.width; c += ${size}u) { out[row + c] = x[row + c] * inverse * weight[c]; }
  if (localIndex == 0u) { stats[group] = inverse; }`,
  }),
);

const inputGradientKernel = memoizeKernel((size: number) =>
  defineKernel({
    label: `rms-norm.input-gradient.${size}`,
    storage: { x: 'f32', weight: 'f32', stats: 'f32', gradOutput: 'f32', gradInput: '&f32' },
    params: { rows: 'u32', width: 'u32', accumulate: 'u32' },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
  if (group >= params.rows) { return; }
  let row = group * params.width;
  let inverse = stats[group];
  var product = 0.0;
  for (var c = localIndex; c < params.width; c += ${size}u) {
    product += gradOutput[row + c] * weight[c] * (x[row + c] * inverse);
  }
  let mean = total(product, localIndex) / f32(params.width);
  for (var c = localIndex; c < params.width; c += ${size}u) {
    var value = inverse * (gradOutput[row + c] * weight[c] - x[row + c] * inverse * mean);
    if (params.accumulate != 0u) { value += gradInput[row + c]; }
    gradInput[row + c] = value;
  }`,
  }),
);

const WEIGHT_GRADIENT = definePointwise({
  label: 'rms-norm.weight-gradient',
  storage: { x: 'f32', stats: 'f32', gradOutput: 'f32', partial: '&f32' },
  params: { rows: 'u32', width: 'u32' },
  body: `
  let c = i % params.width;
  let start = i / params.width * ${ROWS_PER_CHUNK}u;
  var sum = 0.0;
  for (var r = start; r < min(start + ${ROWS_PER_CHUNK}u, params.rows); r++) {
    sum += gradOutput[r * params.width + c] * (x[r * params.width + c] * stats[r]);
  }
  partial[i] = sum;`,
});

export interface RmsNormForwardArguments {
  /** [T, d]. */
  readonly x: Tensor;
  /** [d]. */
  readonly weight: Tensor;
  readonly epsilon: number;
  /** [T, d], a buffer of its own. */
  readonly out: Tensor;
  /** [T]: receives each row's 1 / root mean square, which the backward needs. */
  readonly stats: Tensor;
}

/** out = x / sqrt(mean(x²) + epsilon) * weight over each row (Zhang and Sennrich 2019). */
export function rmsNormForward(gpu: Gpu, args: RmsNormForwardArguments): void {
  const { x, weight, epsilon, out, stats } = args;
  const { rows, width } = shapeOf('rmsNormForward', x, weight, stats);
  if (out.length !== x.length)
    throw new RangeError(`rmsNormForward: ${out.label} does not match ${x.label} [${x.shape.join(', ')}]`);
  gpu.dispatch(
    forwardKernel(invocationsPerRow(gpu)),
    { x, weight, out, stats },
    { rows, width, epsilon },
    grid(rows),
  );
}

export interface RmsNormBackwardArguments {
  /** [T, d], the forward's input. */
  readonly x: Tensor;
  /** [d]. */
  readonly weight: Tensor;
  /** [T] from the forward. */
  readonly stats: Tensor;
  /** [T, d]. */
  readonly gradOutput: Tensor;
  /** [T, d], a buffer of its own. */
  readonly gradInput?: Tensor;
  /** gradInput += instead of gradInput =. */
  readonly accumulate?: boolean;
  /** [d]; always added to. */
  readonly gradWeight?: Tensor;
}

/** Gradients of {@link rmsNormForward}; those that are not given are not computed. */
export function rmsNormBackward(gpu: Gpu, args: RmsNormBackwardArguments): void {
  const { x, weight, stats, gradOutput, gradInput, gradWeight } = args;
  const { rows, width } = shapeOf('rmsNormBackward', x, weight, stats);
  if (gradOutput.length !== x.length)
    throw new RangeError(`rmsNormBackward: ${gradOutput.label} does not match ${x.label}`);
  if (gradInput) {
    gpu.dispatch(
      inputGradientKernel(invocationsPerRow(gpu)),
      { x, weight, stats, gradOutput, gradInput },
      { rows, width, accumulate: args.accumulate === true ? 1 : 0 },
      grid(rows),
    );
  }
  if (gradWeight) {
    using scope = gpu.scope();
    const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
    const partial = scope.tensor([chunks, width], 'rms-norm.weight-partial');
    const count = chunks * width;
    gpu.dispatch(
      WEIGHT_GRADIENT,
      { x, stats, gradOutput, partial },
      { count, rows, width },
      pointwiseGrid(count),
    );
    columnSum(gpu, { x: partial, out: gradWeight, accumulate: true });
  }
}

function shapeOf(op: string, x: Tensor, weight: Tensor, stats: Tensor): { rows: number; width: number } {
  const width = weight.length;
  const rows = x.length / width;
  if (!Number.isInteger(rows) || stats.length !== rows) {
    throw new RangeError(
      `${op}: ${x.label} [${x.shape.join(', ')}] does not match ${weight.label} [${width}] or the statistics`,
    );
  }
  return { rows, width };
}
