import { type KeyValuePrefix, type Tensor, add } from '@icl-gd/gpu-kernels';
import {
  type AttentionActivations,
  type Projections,
  project,
  selfAttention,
  selfAttentionBackward,
} from './attention.ts';
import { type FeedForwardActivations, feedForward, feedForwardBackward } from './feed-forward.ts';
import type { LayerParameters } from './layer-parameters.ts';
import { type Normed, norm, normBackward } from './norm.ts';
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
}

/**
 * One layer, from the residual stream before it to the one after it, both [T, d].
 *
 * Pre-norm: m = x + attention(norm x), y = m + feedForward(norm m); with a parallel residual y = m + feedForward(norm x).
 * Post-norm: m = norm(x + attention(x)), y = norm(m + feedForward(m)).
 */
export function layerForward(
  pass: Pass,
  index: number,
  residual: Tensor,
  prefix?: KeyValuePrefix,
): LayerActivations {
  const forward = pass.config.postNorm ? postNormForward : preNormForward;
  return forward(pass, pass.layer(index), residual, prefix);
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
  residual: Tensor,
  prefix: KeyValuePrefix | undefined,
): LayerActivations {
  const attentionNorm = norm(pass, layer.attentionNorm, residual);
  const attention = selfAttention(pass, layer, attentionNorm.output, prefix);
  pass.hook('attentionOutput', layer.index, attention.output);
  const residualMiddle = sum(pass, residual, attention.output);
  const read = pass.config.parallelResidual ? residual : residualMiddle;
  const feedForwardNorm = norm(pass, layer.feedForwardNorm, read);
  const block = feedForward(pass, layer, feedForwardNorm.output);
  pass.hook('feedForwardOutput', layer.index, block.output);
  const output = sum(pass, residualMiddle, block.output);
  pass.hook('layerOutput', layer.index, output);
  return { attentionNorm, attention, residualMiddle, feedForwardNorm, feedForward: block, output };
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
    let gradBlock = gradOutput;
    if (readout === 'residual') {
      gradBlock = pass.zeros(gradOutput.shape, 'gradient of residual');
      normBackward(pass, layer.attentionNorm, attentionNorm, gradOutput, gradBlock);
    }
    selfAttentionBackward(pass, layer, attention, gradBlock);
    return;
  }
  if (!pass.gradients.hasWeight(layer.attentionNorm)) {
    selfAttentionBackward(pass, layer, attention, gradOutput);
    return;
  }
  const gradNormed = pass.tensor(gradOutput.shape, 'gradient of the attention input');
  selfAttentionBackward(pass, layer, attention, gradOutput, { tensor: gradNormed, accumulate: false });
  const unread = pass.zeros(gradOutput.shape, 'gradient of residual');
  normBackward(pass, layer.attentionNorm, attentionNorm, gradNormed, unread);
}

function preNormBackward(
  pass: Pass,
  layer: LayerParameters,
  activations: LayerActivations,
  gradOutput: Tensor,
  wantInput: boolean,
): Tensor | undefined {
  const { parallelResidual } = pass.config;
  /** Adds the gradient with respect to what the feed-forward block's norm read. */
  const throughFeedForward = (gradInput: Tensor): void => {
    const gradNormed = pass.tensor(gradOutput.shape, 'gradient of the feed-forward input');
    const target = { tensor: gradNormed, accumulate: false };
    feedForwardBackward(pass, layer, activations.feedForward, gradOutput, target);
    normBackward(pass, layer.feedForwardNorm, activations.feedForwardNorm, gradNormed, gradInput);
  };
  const gradResidualMiddle = pass.copyOf(gradOutput, 'gradient of residualMiddle');
  if (!parallelResidual) throughFeedForward(gradResidualMiddle);
  if (!wantInput && !pass.gradients.hasWeight(layer.attentionNorm)) {
    selfAttentionBackward(pass, layer, activations.attention, gradResidualMiddle);
    // What reads the layer's input has weights of its own all the same.
    if (parallelResidual && pass.gradients.hasWeight(layer.up))
      throughFeedForward(pass.zeros(gradOutput.shape, 'gradient of residual'));
    return undefined;
  }
  const gradNormed = pass.tensor(gradOutput.shape, 'gradient of the attention input');
  const target = { tensor: gradNormed, accumulate: false };
  selfAttentionBackward(pass, layer, activations.attention, gradResidualMiddle, target);
  const gradInput = pass.copyOf(gradResidualMiddle, 'gradient of residual');
  normBackward(pass, layer.attentionNorm, activations.attentionNorm, gradNormed, gradInput);
  if (parallelResidual) throughFeedForward(gradInput);
  return gradInput;
}

function postNormForward(
  pass: Pass,
  layer: LayerParameters,
  residual: Tensor,
  prefix: KeyValuePrefix | undefined,
): LayerActivations {
  const attention = selfAttention(pass, layer, residual, prefix);
  pass.hook('attentionOutput', layer.index, attention.output);
  const attentionNorm = norm(pass, layer.attentionNorm, sum(pass, residual, attention.output));
  const residualMiddle = attentionNorm.output;
  const block = feedForward(pass, layer, residualMiddle);
  pass.hook('feedForwardOutput', layer.index, block.output);
  const feedForwardNorm = norm(pass, layer.feedForwardNorm, sum(pass, residualMiddle, block.output));
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
  const { shape } = gradOutput;
  const gradResidualMiddle = pass.zeros(shape, 'gradient of residualMiddle');
  normBackward(pass, layer.feedForwardNorm, feedForwardNorm, gradOutput, gradResidualMiddle);
  const gradBlock = pass.copyOf(gradResidualMiddle, 'gradient of the feed-forward output');
  feedForwardBackward(pass, layer, block, gradBlock, { tensor: gradResidualMiddle, accumulate: true });
  const gradInput = pass.zeros(shape, 'gradient of residual');
  normBackward(pass, layer.attentionNorm, attentionNorm, gradResidualMiddle, gradInput);
  const target = { tensor: gradInput, accumulate: true };
  selfAttentionBackward(pass, layer, attention, gradInput, wantInput ? target : undefined);
  return wantInput ? gradInput : undefined;
}

function sum(pass: Pass, x: Tensor, y: Tensor): Tensor {
  const out = pass.tensor(x.shape, 'residual');
  add(pass.gpu, { x, y, out });
  return out;
}
