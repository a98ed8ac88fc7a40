import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { ProductParts } from '../matmul/product-parts.ts';
import { columnSum } from '../reduction/column-sum.ts';
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

/** Mean, and 1 / standard deviation. */
const STATISTICS_PER_ROW = 2;

/** Operands and options of {@link layerNormForward}. */
export interface LayerNormForwardArguments extends Summed {
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
 * row; biased variance, in two passes. With `addend` of x + addend, which is written to `sum`, or of x `beside` that.
 * @throws RangeError for sizes that do not agree
 */
export function layerNormForward(gpu: Gpu, args: LayerNormForwardArguments): void {
  const { x, weight, bias, epsilon, out } = args;
  using scope = gpu.scope();
  const shape = { x, weight, stats: args.stats, statisticsPerRow: STATISTICS_PER_ROW };
  const { rows, width } = normShape('layerNormForward', shape);
  if (out.length !== x.length || bias.length !== width)
    throw new RangeError(`layerNormForward: ${out.label} or ${bias.label} does not match ${x.label}`);
  const stats = args.stats ?? scope.tensor([rows, STATISTICS_PER_ROW], 'layer-norm.stats');
  const layout = rowLayout(gpu.tuning, width);
  const input = inputOf('layerNormForward', args, layout);
  gpu.dispatch(
    forwardKernel({ ...layout, input: input.kind }),
    { ...input.storage, weight, bias, out, stats },
    { rows, width, epsilon, ...input.params },
    rowGrid(layout, rows),
  );
}

/** Operands and options of {@link layerNormBackward}. */
export interface LayerNormBackwardArguments {
  /** float32 [T, d], the forward's input. */
  readonly x: Tensor;
  /** float32 [d]. */
  readonly weight: Tensor;
  /** float32 [T, 2] from the forward. */
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
  /** float32 [d]; always added to. */
  readonly gradBias?: Tensor;
}

/**
 * Gradients of {@link layerNormForward}; those that are not given are not computed.
 * @throws RangeError for sizes that do not agree
 */
export function layerNormBackward(gpu: Gpu, args: LayerNormBackwardArguments): void {
  const { gradBias, ...others } = args;
  const { gradOutput } = args;
  if (gradBias && gradOutput instanceof ProductParts)
    throw new RangeError(`layerNormBackward: a bias has no gradient of parts, as ${gradOutput.label}`);
  GRADIENTS.record(gpu, 'layerNormBackward', others);
  if (gradBias) columnSum(gpu, { x: gradOutput as Tensor, out: gradBias, accumulate: true });
}

/** Every kernel of layer norms under a tuning, but for column sums. */
export function layerNormKernels(tuning: Tuning): Kernel[] {
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
    name: `layer-norm.forward${kind === 'x' ? '' : `.${kind}`}`,
    layout,
    sums: 1,
    storage: ({ element }) => ({
      ...storage,
      weight: element,
      bias: element,
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
      var terms = ${element}();
      ${each(`${first} terms += value;`)}
      let mean = ${totals('terms')} / f32(params.width);
      var squares = ${element}();
      ${each(
        `let centred = ${again} - mean;
        squares += centred * centred;`,
      )}
      let inverse = 1.0 / sqrt(${totals('squares')} / f32(params.width) + params.epsilon);
      ${each('', {
        ofColumn: `let factor = weight[c];
        let shift = bias[c];`,
        write: `out[row + c] = (${again} - mean) * inverse * factor + shift;`,
      })}
      if (isFirst) {
        stats[2u * index] = mean;
        stats[2u * index + 1u] = inverse;
      }`;
}

const GRADIENTS = new RowNormGradients({
  name: 'layer-norm',
  statisticsPerRow: STATISTICS_PER_ROW,
  statistics: (row) => `
    let mean = stats[2u * ${row}];
    let inverse = stats[2u * ${row} + 1u];`,
  normalized: (x) => `(${x} - mean) * inverse`,
  timesNormalized: (factor, x) => `${factor} * (${x} - mean) * inverse`,
  sums: ['scaled', 'product'],
  correction: 'means.x - normalized * means.y',
});
