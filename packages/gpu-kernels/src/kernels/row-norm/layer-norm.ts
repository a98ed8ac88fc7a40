import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { columnSum } from '../reduction/column-sum.ts';
import { defineRowKernel, eachOwnColumn, workgroupReduction } from '../row-kernel.ts';
import { RowNormGradients, normShape } from './gradients.ts';

/** Mean, and 1 / standard deviation. */
const STATISTICS_PER_ROW = 2;

/** Operands and options of {@link layerNormForward}. */
export interface LayerNormForwardArguments {
  /** float32 [T, d]. */
  readonly x: Tensor;
  /** float32 [d]. */
  readonly weight: Tensor;
  /** float32 [d]. */
  readonly bias: Tensor;
  /** Added to the variance. */
  readonly epsilon: number;
  /** float32 [T, d], a buffer of its own. */
  readonly out: Tensor;
  /** float32 [T, 2]: receives each row's mean and 1 / standard deviation, which the backward needs. */
  readonly stats?: Tensor;
}

/**
 * Layer norm (Ba et al. 2016, arXiv 1607.06450): out = (x - mean) / sqrt(variance + epsilon) * weight + bias over each
 * row; biased variance, in two passes.
 * @throws RangeError for sizes that do not agree
 */
export function layerNormForward(gpu: Gpu, args: LayerNormForwardArguments): void {
  const { x, weight, bias, epsilon, out, stats } = args;
  const shape = { x, weight, stats, statisticsPerRow: STATISTICS_PER_ROW };
  const { rows, width } = normShape('layerNormForward', shape);
  if (out.length !== x.length || bias.length !== width)
    throw new RangeError(`layerNormForward: ${out.label} or ${bias.label} does not match ${x.label}`);
  const size = gpu.tuning.invocationsPerRow;
  const [storage, params] = [
    { x, weight, bias, out },
    { rows, width, epsilon },
  ];
  if (stats) gpu.dispatch(forwardWithStatsKernel(size), { ...storage, stats }, params, grid(rows));
  else gpu.dispatch(forwardKernel(size), storage, params, grid(rows));
}

/** Operands and options of {@link layerNormBackward}. */
export interface LayerNormBackwardArguments {
  /** float32 [T, d], the forward's input. */
  readonly x: Tensor;
  /** float32 [d]. */
  readonly weight: Tensor;
  /** float32 [T, 2] from the forward. */
  readonly stats: Tensor;
  /** float32 [T, d]. */
  readonly gradOutput: Tensor;
  /** float32 [T, d], a buffer of its own. */
  readonly gradInput?: Tensor;
  /** gradInput += instead of gradInput =. */
  readonly accumulate?: boolean;
  /** float32 [d]; always added to. */
  readonly gradWeight?: Tensor;
  /** float32 [d]; always added to. */
  readonly gradBias?: Tensor;
}

/**
 * Gradients of {@link layerNormForward}; those that are not given are not computed.
 * @throws RangeError for sizes that do not agree
 */
export function layerNormBackward(gpu: Gpu, args: LayerNormBackwardArguments): void {
  const { gradBias, ...others } = args;
  GRADIENTS.record(gpu, 'layerNormBackward', others);
  if (gradBias) columnSum(gpu, { x: args.gradOutput, out: gradBias, accumulate: true });
}

/** Every kernel of layer norms under a tuning, but for column sums. */
export function layerNormKernels({ invocationsPerRow }: Tuning): Kernel[] {
  return [
    forwardKernel(invocationsPerRow),
    forwardWithStatsKernel(invocationsPerRow),
    ...GRADIENTS.kernels(invocationsPerRow),
  ];
}

const forwardKernel = memoizeKernel((size: number) =>
  defineRowKernel({
    label: `layer-norm.forward.${size}`,
    size,
    storage: { x: 'f32', weight: 'f32', bias: 'f32', out: '&f32' },
    params: { epsilon: 'f32' },
    declarations: workgroupReduction('total', size, 'a + b'),
    body: forwardBody(size),
  }),
);

const forwardWithStatsKernel = memoizeKernel((size: number) =>
  defineRowKernel({
    label: `layer-norm.forward.${size}.stats`,
    size,
    storage: { x: 'f32', weight: 'f32', bias: 'f32', out: '&f32', stats: '&f32' },
    params: { epsilon: 'f32' },
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      ${forwardBody(size)}
      if (localIndex == 0u) {
        stats[2u * workgroup] = mean;
        stats[2u * workgroup + 1u] = inverse;
      }`,
  }),
);

function forwardBody(size: number): string {
  return `
      var sum = 0.0;
      ${eachOwnColumn(size, 'sum += x[row + c];')}
      let mean = total(sum, localIndex) / f32(params.width);
      var squares = 0.0;
      ${eachOwnColumn(
        size,
        `let centred = x[row + c] - mean;
        squares += centred * centred;`,
      )}
      let inverse = 1.0 / sqrt(total(squares, localIndex) / f32(params.width) + params.epsilon);
      ${eachOwnColumn(size, 'out[row + c] = (x[row + c] - mean) * inverse * weight[c] + bias[c];')}`;
}

const GRADIENTS = new RowNormGradients({
  name: 'layer-norm',
  statisticsPerRow: STATISTICS_PER_ROW,
  statistics: (row) => `
    let mean = stats[2u * ${row}];
    let inverse = stats[2u * ${row} + 1u];`,
  normalized: (x) => `(${x} - mean) * inverse`,
  timesNormalized: (factor, x) => `${factor} * (${x} - mean) * inverse`,
  sumType: 'vec2<f32>',
  term: 'vec2<f32>(scaled, product)',
  correction: 'means.x - normalized * means.y',
});
