import { type BatchOptions, DEFAULT_TOKEN_BUDGET } from '@icl-gd/methods';
import type { EvaluationBatch } from '@icl-gd/transformer';

/** Tokens that a pass has room for. */
export function budgetOf({ tokenBudget = DEFAULT_TOKEN_BUDGET }: BatchOptions): number {
  return tokenBudget;
}

/** Tokens of batches that are one; undefined of none, and of more than one: they leave no room for those of other cells. */
export function tokensOfPass([batch, ...others]: readonly EvaluationBatch[]): number | undefined {
  if (!batch || others.length > 0) return undefined;
  return batch.reduce((sum, { tokens }) => sum + tokens.length, 0);
}
