import { type Demonstration, type Query, contextTokens } from '@icl-gd/methods';
import { UserError } from '@icl-gd/gpu-kernels/errors';

/** The part of a model's configuration that prompts depend on. */
export interface PromptLimits {
  readonly bosTokenId: number;
  readonly eosTokenId: number;
  /** Most tokens in an input of the model: `n_positions` or `max_position_embeddings` of config.json. */
  readonly contextLength: number;
}

/** The tokens before the query in the in-context setting: BOS, then each demonstration followed by EOS. */
export interface Context {
  readonly tokens: readonly number[];
  /** Number of demonstrations in it: the first ones, as many as fit. */
  readonly demonstrations: number;
}

/** Length in tokens of the longest of all inputs, each BOS, a query and one of its options. */
export function longestItem(queries: readonly Query[]): number {
  let longest = 0;
  for (const { tokens, options } of queries) {
    for (const option of options) longest = Math.max(longest, 1 + tokens.length + option.length);
  }
  return longest;
}

/**
 * Builds the context from the demonstrations in their order, up to the first that does not leave room for the longest input:
 * context and longest input together are always shorter than the context window.
 *
 * @param longest length of the longest input in tokens, as {@link longestItem} counts it
 */
export function buildContext(
  demonstrations: readonly Demonstration[],
  longest: number,
  limits: PromptLimits,
): Context {
  let length = 1;
  let used = 0;
  for (const { tokens } of demonstrations) {
    const grown = length + tokens.length + 1;
    if (grown + longest >= limits.contextLength) break;
    length = grown;
    used++;
  }
  const tokens = contextTokens(demonstrations.slice(0, used), limits.bosTokenId, limits.eosTokenId);
  return { tokens, demonstrations: used };
}

/**
 * Checks that all inputs fit the model's context window: every fine-tuning sequence, the longest input without demonstrations,
 * and the longest input after one demonstration (with none, in-context learning would be the zero-shot setting).
 *
 * @param task id, for the error
 * @param longest length of the longest input in tokens, as {@link longestItem} counts it
 * @throws UserError naming task, window and needed length
 */
export function requireFits(
  task: string,
  demonstrations: readonly Demonstration[],
  longest: number,
  limits: PromptLimits,
): void {
  const refuse = (what: string, needed: number): never => {
    throw new UserError(
      `${task}: ${what} needs ${needed} tokens, but the model's context window is ${limits.contextLength}; ` +
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
