import type { ParameterType } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { PackedSequences } from './packed-sequences.ts';

/** The heads of an attention layer: H query heads and Hkv key/value heads of D coordinates. */
export interface HeadShape {
  /** H. */
  readonly heads: number;
  /** Hkv: fewer than H with grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245); divides it. */
  readonly kvHeads: number;
  /** D. */
  readonly headDim: number;
  /** Multiplies q·k, usually D^-½. */
  readonly scale: number;
}

/** Keys and values that come before every sequence, computed once. */
export interface KeyValuePrefix {
  /** Number of tokens, S. */
  readonly length: number;
  /** float32 [S, Hkv·D]. */
  readonly k: Tensor;
  /** float32 [S, Hkv·D]. */
  readonly v: Tensor;
}

/** What every attention kernel reads. */
export interface AttentionInputs {
  readonly shape: HeadShape;
  readonly sequences: PackedSequences;
  /** float32 [T, H·D]. */
  readonly q: Tensor;
  /** float32 [T, Hkv·D]. */
  readonly k: Tensor;
  /** float32 [T, Hkv·D]. */
  readonly v: Tensor;
  /** Sliding window: a token sees itself and the window − 1 tokens before it, a prefix included; all of them if absent. */
  readonly window?: number;
}

/** What nearly all attention kernels are told. */
export const HEAD_PARAMS = {
  heads: 'u32',
  queriesPerKeyValueHead: 'u32',
  kvHeads: 'u32',
  scale: 'f32',
  /** Of a head vector, in the buffers' type. */
  headElements: 'u32',
  window: 'u32',
} as const satisfies Record<string, ParameterType>;

/** Those of a shape; the largest window masks nothing. */
export function headParams(
  { shape: { heads, kvHeads, scale }, window }: Pick<AttentionInputs, 'shape' | 'window'>,
  headElements: number,
): Record<keyof typeof HEAD_PARAMS, number> {
  return {
    heads,
    queriesPerKeyValueHead: heads / kvHeads,
    kvHeads,
    scale,
    headElements,
    window: Math.min(window ?? 0xffffffff, 0xffffffff),
  };
}

/** @throws RangeError if a tensor does not have the size that the head shape and the packing imply */
export function checkAttention({ shape, sequences, q, k, v, window = 1 }: AttentionInputs): void {
  const { heads, kvHeads, headDim } = shape;
  if (heads % kvHeads !== 0) {
    throw new RangeError(`attention: ${heads} query heads are not a multiple of ${kvHeads} key/value heads`);
  }
  if (!Number.isInteger(window) || window < 1)
    throw new RangeError(`attention: a window of ${window} tokens is no positive integer`);
  checkSizes(sequences.totalTokens, [
    [q, heads * headDim],
    [k, kvHeads * headDim],
    [v, kvHeads * headDim],
  ]);
}

/** @throws RangeError unless each tensor is [rows, width] */
export function checkSizes(rows: number, tensors: readonly (readonly [Tensor, number])[]): void {
  for (const [tensor, width] of tensors) {
    if (tensor.length !== rows * width) {
      throw new RangeError(
        `attention: ${tensor.label} [${tensor.shape.join(', ')}] should be [${rows}, ${width}]`,
      );
    }
  }
}

/**
 * Pairs of a query and a key that it sees, over all sequences and query heads: what attention's operations are counted by.
 * @param before keys before every sequence
 * @param own whether the sequences' own keys count
 */
export function seenPairs(
  { shape, sequences, window = Infinity }: Pick<AttentionInputs, 'shape' | 'sequences' | 'window'>,
  before = 0,
  own = true,
): number {
  let pairs = 0;
  for (const length of sequences.lengths) {
    // Query i of a sequence sees itself, i keys before it and those before the sequence, as far as the window goes.
    if (window >= length + before) pairs += (own ? (length * (length + 1)) / 2 : 0) + length * before;
    else
      for (let i = 0; i < length; i++) {
        const ofSequence = Math.min(i + 1, window);
        pairs += (own ? ofSequence : 0) + Math.min(before, window - ofSequence);
      }
  }
  return shape.heads * pairs;
}
