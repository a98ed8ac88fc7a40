import { pooledBytes, storageBytes } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { rowsPerLogitsChunk } from '../decoder/targets.ts';
import { type ParameterGroup, type ParameterSpec, inGroup, parameterSpecs } from '../parameters.ts';
import { type WeightDtype, storageDType } from '../weights/storage.ts';

/** One packed batch of sequences to evaluate. */
export interface BatchShape {
  /** Of all sequences together. */
  readonly tokens: number;
  /** Sequences probed, and keys that their probed rows look at, all together. */
  readonly probes: number;
  readonly keys: number;
  /** Log-probabilities wanted. */
  readonly targets: number;
}

/** Tables of indices, statistics and partial sums, which depend on the tokens but are too small to be told apart. */
const SMALL_BYTES_PER_TOKEN = 256;

function elements({ shape }: ParameterSpec): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Bytes of buffers of so many float32 elements each, all in use at once. */
function pooled(...lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total + pooledBytes(length * 4, false), 0);
}

/** Stored weights and the table of positions that are not stored. */
export function weightBytes(config: DecoderConfig, dtype: WeightDtype): number {
  const { positions, contextLength, dModel } = config;
  const width = positions.kind === 'learned' ? 0 : positions.kind === 'rotary' ? positions.size : dModel;
  return parameterSpecs(config).reduce(
    (total, spec) => total + storageBytes(elements(spec), storageDType(spec, dtype)),
    (contextLength + positions.offset) * width * 4,
  );
}

/** The weight that takes the most bytes. */
export function largestWeight(config: DecoderConfig, dtype: WeightDtype): { name: string; bytes: number } {
  return parameterSpecs(config)
    .map((spec) => ({ name: spec.name, bytes: storageBytes(elements(spec), storageDType(spec, dtype)) }))
    .reduce((largest, other) => (other.bytes > largest.bytes ? other : largest));
}

/** A group's parameters in float32: a fine-tuned copy, or gradients. */
export function groupBytes(config: DecoderConfig, group: ParameterGroup, layer?: number): number {
  return parameterSpecs(config)
    .filter(({ name }) => inGroup(name, group))
    .filter(({ name }) => layer === undefined || name.startsWith(`layers.${layer}.`))
    .reduce((total, spec) => total + elements(spec) * 4, 0);
}

/** Keys and values of a context in every layer. */
export function prefixBytes(config: DecoderConfig, tokens: number): number {
  const length = tokens * config.kvHeads * config.headDim;
  return config.layers * pooled(length, length);
}

/** What one layer's forward pass allocates, its input not counted. */
export function layerBytes(config: DecoderConfig, tokens: number): number {
  const { dFeedForward: ff, gatedFeedForward, queryKeyNorm } = config;
  const { states, queries, keys, rows, queryRows, keyRows } = lengths(config, tokens);
  return pooled(
    ...[states, rows, queries, keys, keys],
    ...(queryKeyNorm ? [queries, queryRows, keys, keyRows] : []),
    ...[queries, queryRows, states, states],
    ...[states, rows, tokens * ff, tokens * ff, ...(gatedFeedForward ? [tokens * ff] : [])],
    ...[states, states],
  );
}

/** What one layer's backward pass allocates for a while, gradients of parameters not counted. */
export function layerBackwardBytes(config: DecoderConfig, tokens: number): number {
  const { dFeedForward: ff, gatedFeedForward, queryKeyNorm } = config;
  const { states, queries, keys, queryRows } = lengths(config, tokens);
  return pooled(
    ...[states, tokens * ff, states, ...(gatedFeedForward ? [tokens * ff] : [])],
    ...[queries, queries, keys, keys, queryRows * 2, states, states],
    ...(queryKeyNorm ? [queries, keys] : []),
  );
}

/** Elements of the tensors of a layer; `rows` are statistics of norms. */
function lengths(
  { dModel, heads, kvHeads, headDim }: DecoderConfig,
  tokens: number,
): Record<'states' | 'queries' | 'keys' | 'rows' | 'queryRows' | 'keyRows', number> {
  return {
    states: tokens * dModel,
    queries: tokens * heads * headDim,
    keys: tokens * kvHeads * headDim,
    rows: tokens * 2,
    queryRows: tokens * heads,
    keyRows: tokens * kvHeads,
  };
}

/** Final norm, logits of a chunk of rows and log-probabilities of so many targets, each of a row of its own at most. */
export function headBytes(config: DecoderConfig, targets: number, bindingBytes: number): number {
  const { dModel, vocabSize, dEmbedding } = config;
  const rows = Math.min(targets, rowsPerLogitsChunk(vocabSize, bindingBytes));
  return pooled(
    ...[targets * dModel, targets * dModel, targets * 2, targets, rows * vocabSize, rows],
    ...(dEmbedding === undefined ? [] : [targets * dEmbedding]),
  );
}

/** What the gradient of the head takes beyond its forward pass, over a batch of so many tokens. */
export function headBackwardBytes({ dModel, dEmbedding }: DecoderConfig, tokens: number): number {
  const projected = dEmbedding === undefined ? [] : [tokens * dEmbedding];
  return pooled(tokens * dModel, tokens * dModel, tokens * dModel, ...projected);
}

/** The states that a layer reads. */
export function statesBytes({ dModel }: DecoderConfig, tokens: number): number {
  return pooled(tokens * dModel);
}

/** The embedded tokens, what was projected on the way, and a batch's small tables. */
export function embeddingBytes({ dModel, dEmbedding }: DecoderConfig, tokens: number): number {
  const projected = dEmbedding === undefined ? [] : [tokens * dEmbedding, tokens * dModel, tokens * dModel];
  return pooled(tokens * dModel, ...projected) + tokens * SMALL_BYTES_PER_TOKEN;
}

/** Probes on the device, their copies for the host included. */
export function probeBytes({ layers, heads, dModel }: DecoderConfig, { probes, keys }: BatchShape): number {
  const [outputs, logits] = [layers * probes * dModel, layers * keys * heads];
  return pooled(outputs, logits, probes * dModel) + Math.max(outputs, logits) * 4;
}
