import { kendallTau } from './kendall-tau.ts';
import { requireFinite, requireSize } from './validation.ts';
import { topKRecall } from './top-k-recall.ts';
import { dot, row, softmax } from './vectors.ts';
import type { NumericArray } from './vectors.ts';

/** One layer's attention to the demonstrations, for one validation example (T = demonstration tokens without BOS and EOS). */
export interface TrainingAttention {
  /** ICL's attention scores before softmax from the last token to the demonstration tokens, [heads, T]. */
  readonly iclScores: NumericArray;
  readonly heads: number;
  /** The probed token's query vector in the fine-tuned model, all heads joined, [heads · headWidth]. */
  readonly testQuery: NumericArray;
  /** The demonstration tokens' query vectors while they were trained on, in the same order, [T, heads · headWidth]. */
  readonly trainingQueries: NumericArray;
  /** Tokens of each demonstration; their sum is T. */
  readonly demonstrationLengths: readonly number[];
}

/** One layer's attention to the demonstrations, for one validation example, as scores of single tokens before a softmax. */
export interface DemonstrationAttention {
  /** ICL's, summed over heads, [T]. */
  readonly inContext: NumericArray;
  /** Fine-tuning's inferred scores of the same tokens, or others that are compared with ICL's, [T]. */
  readonly fineTuned: NumericArray;
  /** Tokens of each demonstration; their sum is T. */
  readonly demonstrationLengths: readonly number[];
}

/** How many of the largest count for the recalls; Dai et al. 2023: 100 tokens, 5 examples. */
export const TOP_K = { token: 100, example: 5 } as const;

/** Rank agreement of two attention distributions; null where undefined. */
export interface RankAgreement {
  readonly kendallTau: number | null;
  readonly topKRecall: number | null;
}

/** How alike two ways of attending to the demonstrations rank their tokens. */
export interface TrainingAttentionAgreement {
  /** Over single demonstration tokens. */
  readonly token: RankAgreement;
  /** Over demonstrations: the attention summed over each one's tokens. */
  readonly example: RankAgreement;
}

/**
 * How far ICL and fine-tuning attend to the same demonstrations (Dai et al. 2023, attention to training tokens).
 *
 * ICL's attention is the softmax over all demonstration tokens of the scores summed over heads; fine-tuning's inferred
 * attention is the softmax of the inner products of `testQuery` with `trainingQueries`. The released code hands in
 * queries that are already divided by √headWidth, which matters at example level only: do the same to compare with it.
 * @param k how many of the largest count for the recall; Dai et al.: 100 tokens, 5 examples
 * @returns Kendall's τ is null if undefined (see {@link kendallTau}), the recall if there are fewer than k items
 * @throws RangeError if lengths disagree or a value is not finite
 */
export function trainingAttentionAgreement(
  { iclScores, heads, testQuery, trainingQueries, demonstrationLengths }: TrainingAttention,
  k: { readonly token: number; readonly example: number } = TOP_K,
): TrainingAttentionAgreement {
  requireSize('heads', heads);
  const tokens = tokensIn(demonstrationLengths);
  requireShape('iclScores', iclScores, { heads, 'demonstration tokens': tokens });
  requireShape('trainingQueries', trainingQueries, {
    'demonstration tokens': tokens,
    'testQuery.length': testQuery.length,
  });
  requireFinite('iclScores', iclScores);
  requireFinite('testQuery', testQuery);
  requireFinite('trainingQueries', trainingQueries);

  const headSums = new Float64Array(tokens);
  for (let head = 0; head < heads; head++) {
    row(iclScores, head, tokens).forEach((score, t) => (headSums[t]! += score));
  }
  const query = row(testQuery, 0, testQuery.length);
  const inferred = Float64Array.from({ length: tokens }, (_, t) =>
    dot(query, row(trainingQueries, t, query.length)),
  );

  return demonstrationAttentionAgreement(
    { inContext: headSums, fineTuned: inferred, demonstrationLengths },
    k,
  );
}

/**
 * As {@link trainingAttentionAgreement}, of scores that are there already.
 * @param k how many of the largest count for the recall
 * @returns as there
 * @throws RangeError if lengths disagree or a value is not finite
 */
export function demonstrationAttentionAgreement(
  { inContext, fineTuned, demonstrationLengths }: DemonstrationAttention,
  k: { readonly token: number; readonly example: number } = TOP_K,
): TrainingAttentionAgreement {
  const tokens = tokensIn(demonstrationLengths);
  requireShape('inContext', inContext, { 'demonstration tokens': tokens });
  requireShape('fineTuned', fineTuned, { 'demonstration tokens': tokens });
  requireFinite('attention scores', inContext);
  requireFinite('attention scores', fineTuned);
  const all = { start: 0, width: tokens };
  const [own, other] = [softmax(inContext, all), softmax(fineTuned, all)];
  return {
    token: agreement(own, other, k.token),
    example: agreement(
      sumSegments(own, demonstrationLengths),
      sumSegments(other, demonstrationLengths),
      k.example,
    ),
  };
}

/** T. */
function tokensIn(demonstrationLengths: readonly number[]): number {
  demonstrationLengths.forEach((length, i) => requireSize(`demonstrationLengths[${i}]`, length));
  const tokens = demonstrationLengths.reduce((a, b) => a + b, 0);
  requireSize('the sum of demonstrationLengths', tokens);
  return tokens;
}

function agreement(inContext: Float64Array, fineTuned: Float64Array, k: number): RankAgreement {
  return { kendallTau: kendallTau(inContext, fineTuned), topKRecall: topKRecall(inContext, fineTuned, k) };
}

function sumSegments(values: Float64Array, lengths: readonly number[]): Float64Array {
  let start = 0;
  return Float64Array.from(lengths, (length) => {
    const segment = values.subarray(start, start + length);
    start += length;
    return segment.reduce((a, b) => a + b, 0);
  });
}

function requireShape(name: string, tensor: NumericArray, extents: Readonly<Record<string, number>>): void {
  const [names, sizes] = [Object.keys(extents), Object.values(extents)];
  const needed = sizes.reduce((product, size) => product * size, 1);
  if (tensor.length !== needed) {
    throw new RangeError(
      `${name} has length ${tensor.length}; [${names.join(', ')}] = [${sizes.join(', ')}] needs ${needed}`,
    );
  }
}
