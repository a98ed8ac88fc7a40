import {
  type KeyValuePrefix,
  type Scope,
  type Tensor,
  activationForward,
  add,
  attentionForward,
  gatedActivationForward,
} from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import { type DecoderContext, windowOf } from './context.ts';
import { linear } from './linear.ts';
import { type NormResult, norm } from './norm.ts';
import { rotate } from './rotary.ts';

/** A tensor that a norm makes another of, and what the norm's backward needs. */
export interface Normed {
  readonly from: Tensor;
  readonly stats: Tensor;
}

/** Everything of a layer's forward pass that its backward pass reads. Shapes [totalTokens, …]. */
export interface LayerActivations {
  /** What queries, keys and values are projected from. */
  readonly attentionInput: Tensor;
  readonly attentionNorm: Normed;
  /** Queries and keys as the attention sees them: after norms and rotary positions. */
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  /** Where queries and keys are normed. */
  readonly queryNorm?: Normed;
  readonly keyNorm?: Normed;
  readonly mixed: Tensor;
  readonly logSumExp: Tensor;
  /** h of the paper: after the output projection and its bias, before the residual. */
  readonly attentionOutput: Tensor;
  readonly feedForwardInput: Tensor;
  readonly feedForwardNorm: Normed;
  /** What the activation sees: of a gated block the gate. */
  readonly preActivation: Tensor;
  /** What the activated gate multiplies, in a gated block. */
  readonly gated?: Tensor;
  readonly hidden: Tensor;
  readonly output: Tensor;
}

/** Queries, keys and values of one layer, queries and keys normed and rotated where the model does that. */
function projectFrom(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  name: string,
  attentionInput: Tensor,
): Pick<LayerActivations, 'attentionInput' | 'query' | 'key' | 'value' | 'queryNorm' | 'keyNorm'> {
  const project = (projection: string): Tensor =>
    linear(context, scope, parameters, `${name}.attention.${projection}`, attentionInput);
  const [queries, keys, value] = [project('query'), project('key'), project('value')];
  if (!context.config.queryKeyNorm) {
    rotate(context, parameters, [queries, keys]);
    return { attentionInput, query: queries, key: keys, value };
  }
  const query = norm(context, scope, parameters, `${name}.queryNorm`, queries);
  const key = norm(context, scope, parameters, `${name}.keyNorm`, keys);
  rotate(context, parameters, [query.out, key.out]);
  return {
    attentionInput,
    query: query.out,
    key: key.out,
    value,
    queryNorm: { from: queries, stats: query.stats },
    keyNorm: { from: keys, stats: key.stats },
  };
}

/** Keys and values of one layer as attention sees them. */
export function projectAttention(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  layer: number,
  input: Tensor,
): Pick<LayerActivations, 'key' | 'value'> {
  const name = `layers.${layer}`;
  const read = context.config.postNorm
    ? input
    : norm(context, scope, parameters, `${name}.attentionNorm`, input).out;
  return projectFrom(context, scope, parameters, name, read);
}

/**
 * One block. Pre-norm: y = x + attention(norm(x)), then y + feedForward(norm(y)), or norm(x) with a parallel residual.
 * Post-norm: y = norm(x + attention(x)), then norm(y + feedForward(y)).
 */
export function layerForward(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  layer: number,
  input: Tensor,
  prefix?: KeyValuePrefix,
): LayerActivations {
  const { gpu, config, batch } = context;
  const { parallelResidual, postNorm } = config;
  const name = `layers.${layer}`;
  const normed = (which: string, from: Tensor): NormResult & Normed => ({
    from,
    ...norm(context, scope, parameters, `${name}.${which}`, from),
  });
  const before = postNorm ? undefined : normed('attentionNorm', input);
  const projected = projectFrom(context, scope, parameters, name, before?.out ?? input);
  const mixed = scope.tensor(projected.query.shape, 'attention.mixed');
  const logSumExp = scope.tensor([input.shape[0] ?? 0, config.heads], 'attention.logSumExp');
  attentionForward(gpu, {
    shape: context.headShape,
    sequences: batch.sequences,
    q: projected.query,
    k: projected.key,
    v: projected.value,
    out: mixed,
    logSumExp,
    ...windowOf(config, layer),
    ...(prefix ? { prefix } : {}),
  });
  const attentionOutput = linear(context, scope, parameters, `${name}.attention.output`, mixed);
  const sum = scope.tensor(input.shape, 'attention.sum');
  add(gpu, { x: input, y: attentionOutput, out: sum });
  const attentionNorm = before ?? normed('attentionNorm', sum);
  const middle = before ? sum : attentionNorm.out;
  const beforeFeedForward = postNorm
    ? undefined
    : normed('feedForwardNorm', parallelResidual ? input : middle);
  const feedForwardInput = beforeFeedForward?.out ?? middle;
  const feedForward = feedForwardHidden(context, scope, parameters, name, feedForwardInput);
  const down = linear(context, scope, parameters, `${name}.feedForward.down`, feedForward.hidden);
  const output = scope.tensor(input.shape, 'layer.output');
  add(gpu, { x: middle, y: down, out: output });
  const feedForwardNorm = beforeFeedForward ?? normed('feedForwardNorm', output);
  return {
    ...projected,
    attentionNorm,
    mixed,
    logSumExp,
    attentionOutput,
    feedForwardInput,
    feedForwardNorm,
    ...feedForward,
    output: beforeFeedForward ? output : feedForwardNorm.out,
  };
}

/** The feed-forward block up to its down projection: f(up(x)), or f(gate(x)) * up(x). */
function feedForwardHidden(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  name: string,
  input: Tensor,
): Pick<LayerActivations, 'preActivation' | 'gated' | 'hidden'> {
  const { gpu, config } = context;
  const { activation: kind, gatedFeedForward } = config;
  const up = linear(context, scope, parameters, `${name}.feedForward.up`, input);
  const hidden = scope.tensor(up.shape, 'feedForward.hidden');
  if (!gatedFeedForward) {
    activationForward(gpu, { kind, x: up, out: hidden });
    return { preActivation: up, hidden };
  }
  const gate = linear(context, scope, parameters, `${name}.feedForward.gate`, input);
  gatedActivationForward(gpu, { kind, gate, up, out: hidden });
  return { preActivation: gate, gated: up, hidden };
}
