import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { defineRowKernel, eachOwnColumn, workgroupReduction } from '../row-kernel.ts';
import { RowNormGradients, normShape } from './gradients.ts';

/** 1 / root mean square. */
const STATISTICS_PER_ROW = 1;

/** Operands and options of {@link rmsNormForward}. */
export interface RmsNormForwardArguments {
  /** float32 [T, d]. */
  readonly x: Tensor;
  /** float32 [d]. */
  readonly weight: Tensor;
  /** Added to the mean square. */
  readonly epsilon: number;
  /** float32 [T, d], a buffer of its own. */
  readonly out: Tensor;
  /** float32 [T]: receives each row's 1 / root mean square, which the backward needs. */
  readonly stats: Tensor;
}

/**
 * RMS norm (Zhang and Sennrich 2019, arXiv 1910.07467): out = x / sqrt(mean(x²) + epsilon) * weight over each row.
 * @throws RangeError for sizes that do not agree
 */
export function rmsNormForward(gpu: Gpu, args: RmsNormForwardArguments): void {
  const { x, weight, epsilon, out, stats } = args;
  const shape = { x, weight, stats, statisticsPerRow: STATISTICS_PER_ROW };
  const { rows, width } = normShape('rmsNormForward', shape);
  if (out.length !== x.length)
    throw new RangeError(`rmsNormForward: ${out.label} does not match ${x.label} [${x.shape.join(', ')}]`);
  gpu.dispatch(
    forwardKernel(gpu.tuning.invocationsPerRow),
    { x, weight, out, stats },
    { rows, width, epsilon },
    grid(rows),
  );
}

/** Operands and options of {@link rmsNormBackward}. */
export interface RmsNormBackwardArguments {
  /** float32 [T, d], the forward's input. */
  readonly x: Tensor;
  /** float32 [d]. */
  readonly weight: Tensor;
  /** float32 [T] from the forward. */
  readonly stats: Tensor;
  /** float32 [T, d]. */
  readonly gradOutput: Tensor;
  /** float32 [T, d], a buffer of its own. */
  readonly gradInput?: Tensor;
  /** gradInput += instead of gradInput =. */
  readonly accumulate?: boolean;
  /** float32 [d]; always added to. */
  readonly gradWeight?: Tensor;
}

/**
 * Gradients of {@link rmsNormForward}; those that are not given are not computed.
 * @throws RangeError for sizes that do not agree
 */
export function rmsNormBackward(gpu: Gpu, args: RmsNormBackwardArguments): void {
  GRADIENTS.record(gpu, 'rmsNormBackward', args);
}

/** Every kernel of RMS norms under a tuning, but for column sums. */
export function rmsNormKernels({ invocationsPerRow }: Tuning): Kernel[] {
  return [forwardKernel(invocationsPerRow), ...GRADIENTS.kernels(invocationsPerRow)];
}

const forwardKernel = memoizeKernel((size: number) =>
  defineRowKernel({
    label: `rms-norm.forward.${size}`,
    size,
    storage: { x: 'f32', weight: 'f32', out: '&f32', stats: '&f32' },
    params: { epsilon: 'f32' },
    declarations: workgroupReduction('total', size, 'a + b'),
    body: `
      var squares = 0.0;
      ${eachOwnColumn(size, 'squares += x[row + c] * x[row + c];')}
      let inverse = 1.0 / sqrt(total(squares, localIndex) / f32(params.width) + params.epsilon);
      ${eachOwnColumn(size, 'out[row + c] = x[row + c] * inverse * weight[c];')}
      if (localIndex == 0u) { stats[workgroup] = inverse; }`,
  }),
);

const GRADIENTS = new RowNormGradients({
  name: 'rms-norm',
  statisticsPerRow: STATISTICS_PER_ROW,
  statistics: (row) => `let inverse = stats[${row}];`,
  normalized: (x) => `${x} * inverse`,
  timesNormalized: (factor, x) => `${factor} * (${x} * inverse)`,
  sumType: 'f32',
  term: 'product',
  correction: 'normalized * means',
});
