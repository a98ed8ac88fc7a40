import { logSumExpReference } from '../cross-entropy/reference.ts';

/** The likeliest tokens of a row of logits, and their log-probabilities in nats. */
export interface TopLogProbsReference {
  readonly tokens: readonly number[];
  readonly logProbs: readonly number[];
}

/**
 * The k likeliest tokens under one row of logits [V] in float64, the likeliest first, of equal ones the lower id; all V where
 * k is larger.
 */
export function topLogProbsReference(logits: ArrayLike<number>, k: number): TopLogProbsReference {
  const [normalizer = NaN] = logSumExpReference(logits, logits.length);
  const valueOf = (token: number): number => logits[token] as number;
  const tokens = Array.from({ length: logits.length }, (_, token) => token)
    .sort((a, b) => valueOf(b) - valueOf(a) || a - b)
    .slice(0, k);
  return { tokens, logProbs: tokens.map((token) => valueOf(token) - normalizer) };
}
