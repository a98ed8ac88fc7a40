import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import type { ProductParts } from '../matmul/product-parts.ts';
import { RowNormGradients, normShape } from './gradients.ts';
import {
  type RowLayout,
  type RowText,
  defineNormKernel,
  elementOf,
  rowGrid,
  rowLayout,
  rowLayouts,
} from './layout.ts';
import { type InputKind, type NormedInput, type Summed, inputKinds, inputOf, inputText } from './summed.ts';

/** 1 / root mean square. */
const STATISTICS_PER_ROW = 1;

/** Operands and options of {@link rmsNormForward}. */
export interface RmsNormForwardArguments extends Summed {
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
 * RMS norm (Zhang and Sennrich 2019, arXiv 1910.07467): out = x / sqrt(mean(x²) + epsilon) * weight over each row. With
 * `addend` of x + addend, which is written to `sum`, or of x `beside` that.
 * @throws RangeError for sizes that do not agree
 */
export function rmsNormForward(gpu: Gpu, args: RmsNormForwardArguments): void {
  const { x, weight, epsilon, out, stats } = args;
  const shape = { x, weight, stats, statisticsPerRow: STATISTICS_PER_ROW };
  const { rows, width } = normShape('rmsNormForward', shape);
  if (out.length !== x.length)
    throw new RangeError(`rmsNormForward: ${out.label} does not match ${x.label} [${x.shape.join(', ')}]`);
  const layout = rowLayout(gpu.tuning, width);
  const input = inputOf('rmsNormForward', args, layout);
  gpu.dispatch(
    forwardKernel({ ...layout, input: input.kind }),
    { ...input.storage, weight, out, stats },
    { rows, width, epsilon, ...input.params },
    rowGrid(layout, rows),
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
  /** float32 [T, d]; a product in parts is added up first, for `gradInput` alone and without `accumulate`. */
  readonly gradOutput: Tensor | ProductParts;
  /** float32 [T, d], a buffer of its own. */
  readonly gradInput?: Tensor;
  /** gradInput += instead of gradInput =. */
  readonly accumulate?: boolean;
  /** float32 [T, d]: added to gradInput, the gradient with respect to x that passes the norm by. */
  readonly gradResidual?: Tensor;
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
export function rmsNormKernels(tuning: Tuning): Kernel[] {
  return [
    ...rowLayouts(tuning).flatMap((layout) =>
      inputKinds(tuning).map((input) => forwardKernel({ ...layout, input })),
    ),
    ...GRADIENTS.kernels(tuning),
  ];
}

/** By what it norms. */
type Forward = RowLayout & { readonly input: InputKind };

const forwardKernel = memoizeKernel(({ input: kind, ...layout }: Forward): Kernel<string, string> => {
  const { storage, params, declarations, input } = inputText(kind, elementOf(layout));
  return defineNormKernel<string, string>({
    name: `rms-norm.forward${kind === 'x' ? '' : `.${kind}`}`,
    layout,
    sums: 1,
    storage: ({ element }) => ({
      ...storage,
      weight: element,
      out: `&${element}`,
      stats: '&f32',
    }),
    params: { epsilon: 'f32', ...params },
    declarations,
    body: (text) => forwardBody(text, input),
  });
});

function forwardBody({ element, each, totals }: RowText, { first, again }: NormedInput): string {
  return `
      var squares = ${element}();
      ${each(`${first} squares += value * value;`)}
      let inverse = 1.0 / sqrt(${totals('squares')} / f32(params.width) + params.epsilon);
      ${each('', { ofColumn: 'let factor = weight[c];', write: `out[row + c] = ${again} * inverse * factor;` })}
      if (isFirst) { stats[index] = inverse; }`;
}

const GRADIENTS = new RowNormGradients({
  name: 'rms-norm',
  statisticsPerRow: STATISTICS_PER_ROW,
  statistics: (row) => `let inverse = stats[${row}];`,
  normalized: (x) => `${x} * inverse`,
  timesNormalized: (factor, x) => `${factor} * (${x} * inverse)`,
  sums: ['product'],
  correction: 'normalized * means',
});
