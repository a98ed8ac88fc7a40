import { type Model, UserError } from '@icl-gd/transformer';
import { counted } from '../../terminal/words.ts';

const BEST = 5;

/** What a model makes of a text, in the numbers that a user compares with another implementation. */
export interface Inspection {
  /** `model_type` of config.json. */
  readonly family: string;
  /** Number of stored weights; tied ones count once. */
  readonly parameters: number;
  readonly token_ids: readonly number[];
  /** Negative log-likelihood in nats of every token but the first, given those before it. */
  readonly nll: readonly number[];
  /** null for a single token: nothing is predicted. */
  readonly mean_nll: number | null;
  /** The best next tokens as [id, logit], best first; equal logits by id. */
  readonly last_top5: readonly (readonly [number, number])[];
  /** The continuation, each token the one with the highest logit. */
  readonly greedy: readonly number[];
}

/**
 * Runs the model on the tokens and continues them.
 *
 * @param parameters number of stored weights, for the result
 * @param tokens at least one; with the generated tokens that are fed back they must fit the model's context
 * @param greedy number of tokens to generate
 * @throws UserError for tokens that the model cannot take, or if its logits are not finite
 */
export async function inspectModel(
  model: Model,
  parameters: number,
  tokens: readonly number[],
  greedy: number,
): Promise<Inspection> {
  requireUsable(model, tokens, greedy);
  const targets = tokens.slice(1).map((token, row) => ({ row, token }));
  const [result] = await model.evaluate([{ tokens, probes: [], logProbs: targets }]);
  const nll = Array.from(result?.logProbs ?? [], (logProb) => 0 - logProb);
  const logits = await finiteLogits(model, tokens);
  return {
    family: model.config.family,
    parameters,
    token_ids: tokens,
    nll,
    mean_nll: nll.length === 0 ? null : nll.reduce((total, value) => total + value, 0) / nll.length,
    last_top5: best(logits, BEST),
    greedy: await continueGreedily(model, tokens, logits, greedy),
  };
}

function requireUsable(model: Model, tokens: readonly number[], greedy: number): void {
  const { vocabSize, contextLength } = model.config;
  if (tokens.length === 0) throw new UserError('there is nothing to inspect: the text has no tokens');
  const bad = tokens.find((token) => token >= vocabSize);
  if (bad !== undefined)
    throw new UserError(
      `token ${bad} is outside ${model.name}'s vocabulary, whose tokens are 0 to ${vocabSize - 1}`,
    );
  const fed = tokens.length + Math.max(0, greedy - 1);
  if (fed > contextLength)
    throw new UserError(
      `${counted(tokens.length, 'token')}${greedy > 1 ? ` and ${greedy} greedy ones` : ''} do not fit ${model.name}'s context of ${contextLength}; shorten the text${greedy > 1 ? ' or lower --greedy' : ''}`,
    );
}

async function finiteLogits(model: Model, tokens: readonly number[]): Promise<Float32Array> {
  const logits = await model.nextTokenLogits(tokens);
  if (logits.every(Number.isFinite)) return logits;
  throw new UserError(`${model.name}: the logits are not finite in float32; its weights are too large`);
}

async function continueGreedily(
  model: Model,
  tokens: readonly number[],
  logits: Float32Array,
  count: number,
): Promise<number[]> {
  const generated: number[] = [];
  let next = logits;
  while (generated.length < count) {
    generated.push(best(next, 1)[0]?.[0] as number);
    if (generated.length < count) next = await finiteLogits(model, [...tokens, ...generated]);
  }
  return generated;
}

function best(logits: Float32Array, count: number): [number, number][] {
  return Array.from(logits, (logit, id): [number, number] => [id, logit])
    .sort(([a, x], [b, y]) => y - x || a - b)
    .slice(0, count);
}
