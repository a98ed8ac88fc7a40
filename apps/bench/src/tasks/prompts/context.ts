import type { Demonstration, Query } from '@icl-gd/methods';
import { UserError } from '@icl-gd/gpu-kernels/errors';

/** What of a model's configuration decides how prompts are put together. */
export interface PromptLimits {
  readonly bosTokenId: number;
  readonly eosTokenId: number;
  /** Most tokens that the model takes: `n_positions` or `max_position_embeddings`. */
  readonly contextLength: number;
}

/** What stands before the query in the in-context setting: BOS, then each demonstration with EOS after it. */
export interface Context {
  readonly tokens: readonly number[];
  /** How many demonstrations, counted from the first, found room. */
  readonly demonstrations: number;
}

/** Length in tokens of the longest input: BOS, query and option, over all queries and options. */
export function longestItem(queries: readonly Query[]): number {
  let longest = 0;
  for (const { tokens, options } of queries) {
    for (const option of options) longest = Math.max(longest, 1 + tokens.length + option.length);
  }
  return longest;
}

/**
 * Builds the context from the demonstrations in their order. The first one that would leave too little room for the
 * longest item ends it; with that rule `context + longest item` stays below the context window.
 */
export function buildContext(
  demonstrations: readonly Demonstration[],
  longest: number,
  limits: PromptLimits,
): Context {
  const tokens = [limits.bosTokenId];
  let used = 0;
  for (const demonstration of demonstrations) {
    if (tokens.length + demonstration.tokens.length + 1 + longest >= limits.contextLength) break;
    for (const token of demonstration.tokens) tokens.push(token);
    tokens.push(limits.eosTokenId);
    used++;
  }
  return { tokens, demonstrations: used };
}

/**
 * Checks that everything a run puts before the model fits into its context window: each fine-tuning sequence, the
 * longest item, and at least one demonstration beside it (with none, in-context learning would be zero-shot).
 *
 * @throws UserError naming dataset, window and needed length.
 */
export function requireFits(
  dataset: string,
  demonstrations: readonly Demonstration[],
  longest: number,
  limits: PromptLimits,
): void {
  const refuse = (what: string, needed: number): never => {
    throw new UserError(
      `${dataset}: ${what} needs ${needed} tokens, but the model's context window is ${limits.contextLength}; ` +
        'use a model with a longer context, or leave this dataset out.',
    );
  };
  if (longest > limits.contextLength) refuse('the longest validation example', longest);
  let trained = 1;
  for (const { tokens } of demonstrations) trained = Math.max(trained, 1 + tokens.length);
  if (trained > limits.contextLength) refuse('the longest fine-tuning sequence', trained);
  const first = demonstrations[0];
  if (first === undefined) return;
  const smallestWindow = 1 + first.tokens.length + 1 + longest + 1;
  if (smallestWindow > limits.contextLength) {
    refuse('the first demonstration together with the longest validation example', smallestWindow);
  }
}
