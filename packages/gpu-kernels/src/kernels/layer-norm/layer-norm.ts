import type { Gpu } from '../../runtime/gpu.ts';
import { defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { columnSum } from '../reduction/column-sum.ts';
import { invocationsPerRow, workgroupReduction } from '../workgroup-reduction.ts';

/** Rows that one invocation sums for the weight's gradient. */
const ROWS_PER_CHUNK = 32;

const forwardKernel = memoizeKernel(({ stats, size }: { stats: boolean; size: number }) =>
  defineKernel<string, 'rows' | 'width' | 'epsilon'>({
    label: `layer-norm.forward.${size}${stats ? '.stats' : ''}`,
    storage: { x: 'f32', weight: 'f32', bias: 'f32', out: '&f32', ...(stats ? { stats: '&f32' } : {}) },
    params: { rows: 'u32', width: 'u32', epsilon: 'f32' },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
  if (group >= params.rows) { return; }
  let row = group * params.width;
  var sum = 0.0;
  for (var c = localIndex; c < params.width; c += ${size}u) { sum += x[row + c]; }
  let mean = total(sum, localIndex) / f32(params.width);
  var squares = 0.0;
  for (var c = localIndex; c < params.width; c += ${size}u) {
    let centred = x[row + c] - mean;
    squares += centred * centred;
  }
  let inverse = 1.0 / sqrt(total(squares, localIndex) / f32(params.width) + params.epsilon);
  for (var c = localIndex; c < params.width; c += ${size}u) {
    out[row + c] = (x[row + c] - mean) * inverse * weight[c] + bias[c];
  }
${stats ? '  if (localIndex == 0u) { stats[2u * group] = mean; stats[2u * group + 1u] = inverse; }' : ''}`,
  }),
);

const inputGradientKernel = memoizeKernel((size: number) =>
  defineKernel({
    label: `layer-norm.input-gradient.${size}`,
    storage: { x: 'f32', weight: 'f32', stats: 'f32', gradOutput: 'f32', gradInput: '&f32' },
    params: { rows: 'u32', width: 'u32', accumulate: 'u32' },
    workgroupSize: [size],
    declarations: workgroupReduction('total', size, 'a + b', 'vec2<f32>'),
    body: `
  if (group >= params.rows) { return; }
  let row = group * params.width;
  let mean = stats[2u * group];
  let inverse = stats[2u * group + 1u];
  var sums = vec2<f32>(0.0);
  for (var c = localIndex; c < params.width; c += ${size}u) {
    let scaled = gradOutput[row + c] * weight[c];
    sums += vec2<f32>(scaled, scaled * (x[row + c] - mean) * inverse);
  }
  let means = total(sums, localIndex) / f32(params.width);
  for (var c = localIndex; c < params.width; c += ${size}u) {
    let normalized = (x[row + c] - mean) * inverse;
    var value = inverse * (gradOutput[row + c] * weight[c] - means.x - normalized * means.y);
    if (params.accumulate != 0u) { value += gradInput[row + c]; }
    gradInput[row + c] = value;
  }`,
  }),
);

const WEIGHT_GRADIENT = definePointwise({
  label: 'layer-norm.weight-gradient',
  storage: { x: 'f32', stats: 'f32', gradOutput: 'f32', partial: '&f32' },
  params: { rows: 'u32', width: 'u32' },
  body: `
  let c = i % params.width;
  let start = i / params.width * ${ROWS_PER_CHUNK}u;
  var sum = 0.0;
  for (var r = start; r < min(start + ${ROWS_PER_CHUNK}u, params.rows); r++) {
    sum += gradOutput[r * params.width + c] * (x[r * params.width + c] - stats[2u * r]) * stats[2u * r + 1u];
  }
  partial[i] = sum;`,
});

export interface LayerNormForwardArguments {
  /** [T, d]. */
  readonly x: Tensor;
  /** [d]. */
  readonly weight: Tensor;
  /** [d]. */
  readonly bias: Tensor;
  readonly epsilon: number;
  /** [T, d], a buffer of its own. */
  readonly out: Tensor;
  /** [T, 2]: receives each row's mean and 1 / standard deviation, which the backward needs. */
  readonly stats?: Tensor;
}

/** out = (x - mean) / sqrt(variance + epsilon) * weight + bias over each row; biased variance, in two passes. */
export function layerNormForward(gpu: Gpu, args: LayerNormForwardArguments): void {
  const { x, weight, bias, epsilon, out, stats } = args;
  const { rows, width } = shapeOf('layerNormForward', x, weight, stats);
  if (out.length !== x.length || bias.length !== width)
    throw new RangeError(`layerNormForward: ${out.label} or ${bias.label} does not match ${x.label}`);
  const kernel = forwardKernel({ stats: stats !== undefined, size: invocationsPerRow(gpu) });
  gpu.dispatch(
    kernel,
    { x, weight, bias, out, ...(stats ? { stats } : {}) },
    { rows, width, epsilon },
    grid(rows),
  );
}

export interface LayerNormBackwardArguments {
  /** [T, d], the forward's input. */
  readonly x: Tensor;
  /** [d]. */
  readonly weight: Tensor;
  /** [T, 2] from the forward. */
  readonly stats: Tensor;
  /** [T, d]. */
  readonly gradOutput: Tensor;
  /** [T, d], a buffer of its own. */
  readonly gradInput?: Tensor;
  /** gradInput += instead of gradInput =. */
  readonly accumulate?: boolean;
  /** [d]; always added to. */
  readonly gradWeight?: Tensor;
  /** [d]; always added to. */
  readonly gradBias?: Tensor;
}

/** Gradients of {@link layerNormForward}; those that are not given are not computed. */
export function layerNormBackward(gpu: Gpu, args: LayerNormBackwardArguments): void {
  const { x, weight, stats, gradOutput, gradInput, gradWeight, gradBias } = args;
  const { rows, width } = shapeOf('layerNormBackward', x, weight, stats);
  if (gradOutput.length !== x.length)
    throw new RangeError(`layerNormBackward: ${gradOutput.label} does not match ${x.label}`);
  if (gradInput) {
    const params = { rows, width, accumulate: args.accumulate === true ? 1 : 0 };
    gpu.dispatch(
      inputGradientKernel(invocationsPerRow(gpu)),
      { x, weight, stats, gradOutput, gradInput },
      params,
      grid(rows),
    );
  }
  if (gradWeight) {
    using scope = gpu.scope();
    const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
    const partial = scope.tensor([chunks, width], 'layer-norm.weight-partial');
    const count = chunks * width;
    gpu.dispatch(
      WEIGHT_GRADIENT,
      { x, stats, gradOutput, partial },
      { count, rows, width },
      pointwiseGrid(count),
    );
    columnSum(gpu, { x: partial, out: gradWeight, accumulate: true });
  }
  if (gradBias) columnSum(gpu, { x: gradOutput, out: gradBias, accumulate: true });
}

function shapeOf(
  op: string,
  x: Tensor,
  weight: Tensor,
  stats: Tensor | undefined,
): { rows: number; width: number } {
  const width = weight.length;
  const rows = x.length / width;
  if (!Number.isInteger(rows) || (stats && stats.length !== 2 * rows)) {
    throw new RangeError(
      `${op}: ${x.label} [${x.shape.join(', ')}] does not match ${weight.label} [${width}] or the statistics`,
    );
  }
  return { rows, width };
}
