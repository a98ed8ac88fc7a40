import { type KeyValuePrefix, ProductParts, type Tensor, add } from '@icl-gd/gpu-kernels';
import {
  type AttentionActivations,
  type Projections,
  pickRows,
  project,
  selfAttention,
  selfAttentionBackward,
} from './attention.ts';
import { type FeedForwardActivations, feedForward, feedForwardBackward } from './feed-forward.ts';
import type { LayerParameters } from './layer-parameters.ts';
import {
  type Addend,
  type OutputGradient,
  addInputGradient,
  inputGradient,
  inputGradientAddend,
} from './linear.ts';
import type { Hooks } from './hooks.ts';
import { type Normed, norm, normBackward, normBesideSum, normOfSum, normParameterGradients } from './norm.ts';
import type { Pass } from './pass.ts';
import type { ModuleParameters } from '../weights/parameter-set.ts';

/** What a layer's backward pass reads. */
export interface LayerActivations {
  readonly attentionNorm: Normed;
  readonly attention: AttentionActivations;
  /** The residual stream after the attention block, [T, d]. */
  readonly residualMiddle: Tensor;
  readonly feedForwardNorm: Normed;
  readonly feedForward: FeedForwardActivations;
  /** The residual stream after the layer, [T, d]. */
  readonly output: Tensor;
  /** The norm that the next layer begins with, where it was made together with the output. */
  readonly nextNorm?: Normed;
}

/** The residual stream before a layer. */
export interface LayerInput {
  /** [T, d]. */
  readonly residual: Tensor;
  /** What the layer's attention norm makes of it, where that is there already. */
  readonly normed?: Normed | undefined;
}

export interface LayerOptions {
  /** Keys and values that come before every sequence. */
  readonly prefix?: KeyValuePrefix | undefined;
  /** Whether the next layer reads the output: its norm is then made in one go where nothing comes between. */
  readonly isFollowed?: boolean;
  /** Whether the attention block's own output is read, not only the residual stream that it is added to. */
  readonly keepsAttention?: boolean;
  /** Of what comes after attention, the rows that are wanted, uint32 [R]; all of them if absent. There is no backward pass then. */
  readonly rows?: Tensor | undefined;
}

/**
 * One layer, from the residual stream before it to the one after it. Each sum is made together with the norm that reads it.
 *
 * Pre-norm: m = x + attention(norm x), y = m + feedForward(norm m); with a parallel residual y = m + feedForward(norm x).
 * Post-norm: m = norm(x + attention(x)), y = norm(m + feedForward(m)).
 */
export function layerForward(
  pass: Pass,
  index: number,
  input: LayerInput,
  options: LayerOptions = {},
): LayerActivations {
  const forward = pass.config.postNorm ? postNormForward : preNormForward;
  return forward(pass, pass.layer(index), input, options);
}

/**
 * Backward of {@link layerForward} without a prefix: adds the gradients of the layer's trained parameters.
 * @param gradOutput gradient of the loss with respect to the layer's output, [T, d]
 * @param wantInput false where nothing before this layer needs a gradient: in the first layer of a fine-tuned model, in
 *   every layer of layer-causal gradient descent
 * @returns the gradient with respect to the layer's input, [T, d], if it is wanted
 */
export function layerBackward(
  pass: Pass,
  index: number,
  activations: LayerActivations,
  gradOutput: Tensor,
  wantInput: boolean,
): Tensor | undefined {
  const backward = pass.config.postNorm ? postNormBackward : preNormBackward;
  return backward(pass, pass.layer(index), activations, gradOutput, wantInput);
}

/** Queries, keys and values alone of a layer. */
export function layerProjections(pass: Pass, index: number, residual: Tensor): Projections {
  const layer = pass.layer(index);
  const normed = pass.config.postNorm ? residual : norm(pass, layer.attentionNorm, residual).output;
  return project(pass, layer, normed);
}

function preNormForward(
  pass: Pass,
  layer: LayerParameters,
  input: LayerInput,
  { prefix, rows, isFollowed = false, keepsAttention = false }: LayerOptions,
): LayerActivations {
  const { parallelResidual } = pass.config;
  const attentionNorm = input.normed ?? norm(pass, layer.attentionNorm, input.residual);
  const residual = rows ? pickRows(pass, input.residual, rows) : input.residual;
  const isRead = keepsAttention || isHooked(pass, 'attentionOutput');
  const onto = parallelResidual && !isRead ? residual : undefined;
  const options = { prefix, rows, isAddend: !parallelResidual && !isRead, residual: onto };
  const attention = selfAttention(pass, layer, attentionNorm.output, options);
  if (isRead) pass.hook('attentionOutput', layer.index, wholeOf(attention.output));
  const { feedForwardNorm, residualMiddle } = middle(pass, layer, {
    residual,
    onto,
    output: attention.output,
  });
  // A hook sees the output before anything reads it.
  const isNormed = isFollowed && !isHooked(pass, 'layerOutput');
  const isBlockRead = !isNormed || isHooked(pass, 'feedForwardOutput');
  const block = feedForward(pass, layer, feedForwardNorm.output, !isBlockRead);
  if (isBlockRead) pass.hook('feedForwardOutput', layer.index, wholeOf(block.output));
  const activations = { attentionNorm, attention, residualMiddle, feedForwardNorm, feedForward: block };
  if (isNormed) {
    const next = pass.layer(layer.index + 1).attentionNorm;
    const nextNorm = normOfSum(pass, next, residualMiddle, block.output);
    return { ...activations, output: nextNorm.input, nextNorm };
  }
  const output = sum(pass, residualMiddle, wholeOf(block.output));
  pass.hook('layerOutput', layer.index, output);
  return { ...activations, output };
}

/** The residual stream after the attention block, and what the feed-forward block's norm makes of it, or of what was before. */
function middle(
  pass: Pass,
  layer: LayerParameters,
  {
    residual,
    onto,
    output,
  }: { readonly residual: Tensor; readonly onto: Tensor | undefined; readonly output: Addend },
): Pick<LayerActivations, 'feedForwardNorm' | 'residualMiddle'> {
  if (!pass.config.parallelResidual) {
    const feedForwardNorm = normOfSum(pass, layer.feedForwardNorm, residual, output);
    return { feedForwardNorm, residualMiddle: feedForwardNorm.input };
  }
  if (output instanceof ProductParts) {
    const { normed, sum: added } = normBesideSum(pass, layer.feedForwardNorm, residual, output);
    return { feedForwardNorm: normed, residualMiddle: added };
  }
  const residualMiddle = onto ? output : sum(pass, residual, output);
  return { feedForwardNorm: norm(pass, layer.feedForwardNorm, residual), residualMiddle };
}

/**
 * Backward of the attention block alone, its input detached: adds the gradients of what is trained in it and in the norm
 * before it.
 * @param gradOutput gradient of the loss with respect to the residual stream after the block (`residual`) or to its output h
 *   (`attention`), [T, d]
 */
export function attentionBlockBackward(
  pass: Pass,
  index: number,
  { attentionNorm, attention }: LayerActivations,
  gradOutput: Tensor,
  readout: 'residual' | 'attention',
): void {
  const layer = pass.layer(index);
  if (pass.config.postNorm) {
    const gradBlock =
      readout === 'residual'
        ? normBackward(pass, layer.attentionNorm, attentionNorm, gradOutput)
        : gradOutput;
    selfAttentionBackward(pass, layer, attention, gradBlock, false);
    return;
  }
  if (!pass.gradients.hasWeight(layer.attentionNorm)) {
    selfAttentionBackward(pass, layer, attention, gradOutput, false);
    return;
  }
  const readers = selfAttentionBackward(pass, layer, attention, gradOutput, true);
  normParameterGradients(pass, layer.attentionNorm, attentionNorm, inputGradient(pass, readers));
}

function preNormBackward(
  pass: Pass,
  layer: LayerParameters,
  activations: LayerActivations,
  gradOutput: Tensor,
  wantInput: boolean,
): Tensor | undefined {
  const { parallelResidual } = pass.config;
  /** The gradient with respect to what the feed-forward block's norm read, added to what passes it by. */
  const throughFeedForward = (gradResidual: Tensor): Tensor => {
    const { feedForward: block, feedForwardNorm } = activations;
    const readers = feedForwardBackward(pass, layer, block, gradOutput);
    const gradNormed = gradientOfNormed(pass, layer.feedForwardNorm, readers);
    return normBackward(pass, layer.feedForwardNorm, feedForwardNorm, gradNormed, gradResidual);
  };
  const gradMiddle = parallelResidual ? gradOutput : throughFeedForward(gradOutput);
  const trainsNorm = pass.gradients.hasWeight(layer.attentionNorm);
  if (!wantInput && parallelResidual && trainsFeedForward(pass, layer)) throughFeedForward(gradOutput);
  const { attention, attentionNorm } = activations;
  const readers = selfAttentionBackward(pass, layer, attention, gradMiddle, wantInput || trainsNorm);
  if (!wantInput) {
    if (trainsNorm)
      normParameterGradients(pass, layer.attentionNorm, attentionNorm, inputGradient(pass, readers));
    return undefined;
  }
  const gradNormed = gradientOfNormed(pass, layer.attentionNorm, readers);
  const gradInput = normBackward(pass, layer.attentionNorm, attentionNorm, gradNormed, gradMiddle);
  return parallelResidual ? throughFeedForward(gradInput) : gradInput;
}

/** The gradient with respect to a norm's output, for `normBackward`; whole where the norm's parameters have gradients. */
function gradientOfNormed(pass: Pass, module: ModuleParameters, readers: readonly OutputGradient[]): Addend {
  return (pass.gradients.hasAny(module) ? inputGradient : inputGradientAddend)(pass, readers);
}

function trainsFeedForward({ gradients }: Pass, layer: LayerParameters): boolean {
  return [layer.feedForwardNorm, layer.gate, layer.up, layer.down].some(
    (module) => module && gradients.hasWeight(module),
  );
}

function postNormForward(
  pass: Pass,
  layer: LayerParameters,
  input: LayerInput,
  { prefix, rows, keepsAttention = false }: LayerOptions,
): LayerActivations {
  const isRead = keepsAttention || isHooked(pass, 'attentionOutput');
  const attention = selfAttention(pass, layer, input.residual, { prefix, rows, isAddend: !isRead });
  const residual = rows ? pickRows(pass, input.residual, rows) : input.residual;
  if (isRead) pass.hook('attentionOutput', layer.index, wholeOf(attention.output));
  const attentionNorm = normOfSum(pass, layer.attentionNorm, residual, attention.output);
  const residualMiddle = attentionNorm.output;
  const isHookedBlock = isHooked(pass, 'feedForwardOutput');
  const block = feedForward(pass, layer, residualMiddle, !isHookedBlock);
  if (isHookedBlock) pass.hook('feedForwardOutput', layer.index, wholeOf(block.output));
  const feedForwardNorm = normOfSum(pass, layer.feedForwardNorm, residualMiddle, block.output);
  pass.hook('layerOutput', layer.index, feedForwardNorm.output);
  const { output } = feedForwardNorm;
  return { attentionNorm, attention, residualMiddle, feedForwardNorm, feedForward: block, output };
}

function postNormBackward(
  pass: Pass,
  layer: LayerParameters,
  { attentionNorm, attention, feedForwardNorm, feedForward: block }: LayerActivations,
  gradOutput: Tensor,
  wantInput: boolean,
): Tensor | undefined {
  // What reaches a block past it stands where its own input's gradient is added: both have the same gradient behind them.
  const gradMiddle = normBackward(pass, layer.feedForwardNorm, feedForwardNorm, gradOutput);
  addInputGradient(pass, feedForwardBackward(pass, layer, block, gradMiddle), gradMiddle);
  const gradInput = normBackward(pass, layer.attentionNorm, attentionNorm, gradMiddle);
  const readers = selfAttentionBackward(pass, layer, attention, gradInput, wantInput);
  if (!wantInput) return undefined;
  addInputGradient(pass, readers, gradInput);
  return gradInput;
}

function isHooked({ hooks }: Pass, point: keyof Hooks): boolean {
  return hooks.some((own) => own[point]);
}

/**
 * A block's output that is more than an addend.
 * @throws RangeError for one that was made as no more
 */
export function wholeOf(output: Addend): Tensor {
  if (output instanceof ProductParts) throw new RangeError(`${output.label} is not added up`);
  return output;
}

function sum(pass: Pass, x: Tensor, y: Tensor): Tensor {
  const out = pass.tensor(x.shape, 'residual');
  add(pass.gpu, { x, y, out });
  return out;
}
