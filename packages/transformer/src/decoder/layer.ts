import { type KeyValuePrefix, type Tensor, add } from '@icl-gd/gpu-kernels';
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
import { type Normed, norm, normBackward, normOfSum, normParameterGradients } from './norm.ts';
import type { Pass } from './pass.ts';

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
  { prefix, isFollowed = false, rows }: LayerOptions,
): LayerActivations {
  const attentionNorm = input.normed ?? norm(pass, layer.attentionNorm, input.residual);
  const attention = selfAttention(pass, layer, attentionNorm.output, prefix, rows);
  const residual = rows ? pickRows(pass, input.residual, rows) : input.residual;
  pass.hook('attentionOutput', layer.index, attention.output);
  const feedForwardNorm = pass.config.parallelResidual
    ? norm(pass, layer.feedForwardNorm, residual)
    : normOfSum(pass, layer.feedForwardNorm, residual, attention.output);
  const residualMiddle = pass.config.parallelResidual
    ? sum(pass, residual, attention.output)
    : feedForwardNorm.input;
  const block = feedForward(pass, layer, feedForwardNorm.output);
  pass.hook('feedForwardOutput', layer.index, block.output);
  const activations = { attentionNorm, attention, residualMiddle, feedForwardNorm, feedForward: block };
  // A hook sees the output before anything reads it.
  if (isFollowed && !pass.hooks.some((hooks) => hooks.layerOutput)) {
    const next = pass.layer(layer.index + 1).attentionNorm;
    const nextNorm = normOfSum(pass, next, residualMiddle, block.output);
    return { ...activations, output: nextNorm.input, nextNorm };
  }
  const output = sum(pass, residualMiddle, block.output);
  pass.hook('layerOutput', layer.index, output);
  return { ...activations, output };
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
    selfAttentionBackward(pass, layer, attention, gradBlock);
    return;
  }
  if (!pass.gradients.hasWeight(layer.attentionNorm)) {
    selfAttentionBackward(pass, layer, attention, gradOutput);
    return;
  }
  const gradNormed = pass.tensor(gradOutput.shape, 'gradient of the attention input');
  selfAttentionBackward(pass, layer, attention, gradOutput, { tensor: gradNormed, accumulate: false });
  normParameterGradients(pass, layer.attentionNorm, attentionNorm, gradNormed);
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
    const gradNormed = pass.tensor(gradOutput.shape, 'gradient of the feed-forward input');
    const target = { tensor: gradNormed, accumulate: false };
    feedForwardBackward(pass, layer, activations.feedForward, gradOutput, target);
    return normBackward(pass, layer.feedForwardNorm, activations.feedForwardNorm, gradNormed, gradResidual);
  };
  const gradMiddle = parallelResidual ? gradOutput : throughFeedForward(gradOutput);
  const trainsNorm = pass.gradients.hasWeight(layer.attentionNorm);
  if (!wantInput && parallelResidual && trainsFeedForward(pass, layer)) throughFeedForward(gradOutput);
  if (!wantInput && !trainsNorm) {
    selfAttentionBackward(pass, layer, activations.attention, gradMiddle);
    return undefined;
  }
  const gradNormed = pass.tensor(gradOutput.shape, 'gradient of the attention input');
  const target = { tensor: gradNormed, accumulate: false };
  selfAttentionBackward(pass, layer, activations.attention, gradMiddle, target);
  if (!wantInput) {
    normParameterGradients(pass, layer.attentionNorm, activations.attentionNorm, gradNormed);
    return undefined;
  }
  const gradInput = normBackward(
    pass,
    layer.attentionNorm,
    activations.attentionNorm,
    gradNormed,
    gradMiddle,
  );
  return parallelResidual ? throughFeedForward(gradInput) : gradInput;
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
  { prefix, rows }: LayerOptions,
): LayerActivations {
  const attention = selfAttention(pass, layer, input.residual, prefix, rows);
  const residual = rows ? pickRows(pass, input.residual, rows) : input.residual;
  pass.hook('attentionOutput', layer.index, attention.output);
  const attentionNorm = normOfSum(pass, layer.attentionNorm, residual, attention.output);
  const residualMiddle = attentionNorm.output;
  const block = feedForward(pass, layer, residualMiddle);
  pass.hook('feedForwardOutput', layer.index, block.output);
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
  feedForwardBackward(pass, layer, block, gradMiddle, { tensor: gradMiddle, accumulate: true });
  const gradInput = normBackward(pass, layer.attentionNorm, attentionNorm, gradMiddle);
  const target = { tensor: gradInput, accumulate: true };
  selfAttentionBackward(pass, layer, attention, gradInput, wantInput ? target : undefined);
  return wantInput ? gradInput : undefined;
}

function sum(pass: Pass, x: Tensor, y: Tensor): Tensor {
  const out = pass.tensor(x.shape, 'residual');
  add(pass.gpu, { x, y, out });
  return out;
}
