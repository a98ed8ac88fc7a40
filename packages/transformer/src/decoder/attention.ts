import {
  type KeyValuePrefix,
  ProductParts,
  type Tensor,
  attentionBackward,
  attentionForward,
  gatherRows,
} from '@icl-gd/gpu-kernels';
import { type HeadInputs, rotatedHeads, rotatedHeadsBackward } from './head-norm.ts';
import type { ModuleParameters } from '../weights/parameter-set.ts';
import type { LayerParameters } from './layer-parameters.ts';
import {
  type Addend,
  type OutputGradient,
  addLinearGradients,
  inputGradientAddend,
  linear,
  linearAddend,
  linearOnto,
  linears,
  rotatedLinears,
} from './linear.ts';
import { type Normed, norm, normBackward } from './norm.ts';
import type { Pass } from './pass.ts';
import { rotate } from './rotary.ts';

/** Queries, keys and values as attention sees them: after norms of heads and rotary positions. */
export interface Projections {
  /** [T, H D]. */
  readonly query: Tensor;
  /** [T, H_kv D]. */
  readonly key: Tensor;
  /** [T, H_kv D]. */
  readonly value: Tensor;
  /** Where the model norms the heads of queries and keys. */
  readonly queryNorm?: Normed;
  readonly keyNorm?: Normed;
  /** Instead, where such norms and rotary positions are made together: what they read. */
  readonly headInputs?: HeadInputs | undefined;
}

/** What the backward pass of an attention block reads. */
export interface AttentionActivations extends Projections {
  /** What queries, keys and values are projections of: [T, d]. */
  readonly input: Tensor;
  /** z: each head's mean of the values it attends to, before the output projection, [T, H D]. */
  readonly headOutputs: Tensor;
  /** Logarithm of each softmax's denominator, [T, H]. */
  readonly logSumExp: Tensor;
  /**
   * h: after the output projection and its bias, before the residual is added, [T, d]; the sum where the block was told of a
   * residual and h does not come in parts.
   */
  readonly output: Addend;
}

/** q = x W_qᵀ + b_q, and so k and v; q and k normed and rotated where the model does that. */
export function project(pass: Pass, layer: LayerParameters, input: Tensor): Projections {
  if (pass.config.positions.kind === 'rotary' && !layer.queryNorm && !layer.keyNorm)
    return rotatedLinears(pass, layer, input);
  const together = rotatedHeads(pass, layer, input);
  if (together) return together;
  const modules = [layer.query, layer.key, layer.value];
  const [q, k, value] = linears(pass, modules, input) as [Tensor, Tensor, Tensor];
  const queryNorm = layer.queryNorm && norm(pass, layer.queryNorm, q);
  const keyNorm = layer.keyNorm && norm(pass, layer.keyNorm, k);
  const [query, key] = [queryNorm?.output ?? q, keyNorm?.output ?? k];
  rotate(pass, [query, key]);
  return { query, key, value, ...(queryNorm ? { queryNorm } : {}), ...(keyNorm ? { keyNorm } : {}) };
}

export interface AttentionOptions {
  /** Keys and values that come before every sequence. */
  readonly prefix?: KeyValuePrefix | undefined;
  /** Of the output, the rows that are wanted, uint32 [R]; all of them if absent. There is no backward pass then. */
  readonly rows?: Tensor | undefined;
  /** Whether nothing but `normOfSum` reads the block's output. */
  readonly isAddend?: boolean;
  /** [T, d], or of the rows that are wanted: what the output is added to, where nothing but `normBesideSum` reads it before. */
  readonly residual?: Tensor | undefined;
}

/** An attention block, without its norm and its residual: h = W_o z + b_o, z = softmax(s q kᵀ) v in each head. */
export function selfAttention(
  pass: Pass,
  layer: LayerParameters,
  input: Tensor,
  { prefix, rows, isAddend = false, residual }: AttentionOptions = {},
): AttentionActivations {
  const projections = project(pass, layer, input);
  const headOutputs = pass.tensor(projections.query.shape, 'attention.headOutputs');
  const logSumExp = pass.tensor([pass.tokens, pass.config.heads], 'attention.logSumExp');
  attentionForward(pass.gpu, {
    ...kernelInputs(pass, layer, projections),
    out: headOutputs,
    logSumExp,
    ...(prefix ? { prefix } : {}),
  });
  const { outputProjection } = layer;
  const read = rows ? pickRows(pass, headOutputs, rows) : headOutputs;
  const output = residual
    ? linearOnto(pass, outputProjection, read, residual)
    : (isAddend ? linearAddend : linear)(pass, outputProjection, read);
  return { ...projections, input, headOutputs, logSumExp, output };
}

/** Some rows of a tensor, [T, n] to [R, n]. @param rows uint32 [R] */
export function pickRows(pass: Pass, x: Tensor, rows: Tensor): Tensor {
  const picked = pass.tensor([rows.length, x.length / (x.shape[0] ?? 1)], 'picked rows');
  gatherRows(pass.gpu, { x, rows, out: picked });
  return picked;
}

/**
 * Backward of {@link selfAttention} without a prefix.
 * @param gradOutput gradient with respect to h, [T, d]
 * @param wantInput whether the gradient with respect to the block's input is wanted
 * @returns what reads the block's input; without queries if that gradient is not wanted
 */
export function selfAttentionBackward(
  pass: Pass,
  layer: LayerParameters,
  activations: AttentionActivations,
  gradOutput: Tensor,
  wantInput: boolean,
): readonly OutputGradient[] {
  const { query, key, value, headOutputs, logSumExp, input } = activations;
  const gradHeadOutputs = inputGradientAddend(pass, [{ module: layer.outputProjection, gradOutput }]);
  addLinearGradients(pass, [{ module: layer.outputProjection, x: headOutputs, gradOutput }]);
  const wantQuery = wantInput || pass.gradients.hasWeight(layer.query);
  const gradQuery = wantQuery ? pass.tensor(query.shape, 'gradient of queries') : undefined;
  const gradKey = pass.tensor(key.shape, 'gradient of keys');
  const gradValue = pass.tensor(value.shape, 'gradient of values');
  attentionBackward(pass.gpu, {
    ...kernelInputs(pass, layer, activations),
    out: headOutputs,
    logSumExp,
    gradOutput: gradHeadOutputs,
    gradKey,
    gradValue,
    ...(gradQuery ? { gradQuery } : {}),
  });
  if (gradHeadOutputs instanceof ProductParts) gradHeadOutputs.dispose();
  const gradients = projectionGradients(pass, layer, activations, { query: gradQuery, key: gradKey });
  const projections: OutputGradient[] = [
    { module: layer.key, gradOutput: gradients.key },
    { module: layer.value, gradOutput: gradValue },
    ...(gradients.query ? [{ module: layer.query, gradOutput: gradients.query }] : []),
  ];
  addLinearGradients(
    pass,
    projections.map((own) => ({ ...own, x: input })),
  );
  return projections;
}

/** Gradients with respect to queries and keys before norms of heads and rotary positions. */
function projectionGradients(
  pass: Pass,
  layer: LayerParameters,
  { headInputs, queryNorm, keyNorm }: Projections,
  { query, key }: { readonly query: Tensor | undefined; readonly key: Tensor },
): { readonly query: Tensor | undefined; readonly key: Tensor } {
  if (headInputs) return rotatedHeadsBackward(pass, layer, headInputs, { query, key });
  rotate(pass, query ? [query, key] : [key], true);
  return {
    key: headNormBackward(pass, layer.keyNorm, keyNorm, key),
    query: query && headNormBackward(pass, layer.queryNorm, queryNorm, query),
  };
}

/** The gradient with respect to what a head norm read; `gradOutput` itself where there is no such norm. */
function headNormBackward(
  pass: Pass,
  module: ModuleParameters | undefined,
  normed: Normed | undefined,
  gradOutput: Tensor,
): Tensor {
  if (!module || !normed) return gradOutput;
  return normBackward(pass, module, normed, gradOutput);
}

/** What the forward and the backward kernel read alike. */
function kernelInputs(
  { headShape, batch }: Pass,
  { window }: LayerParameters,
  { query, key, value }: Projections,
) {
  const shared = { shape: headShape, sequences: batch.sequences, q: query, k: key, v: value };
  return { ...shared, ...(window === undefined ? {} : { window }) };
}
