import { needsOf, probeBatches, trainingPasses } from '@icl-gd/methods';
import { type DecoderConfig, parameterSpecs } from '@icl-gd/transformer';
import { NEXT_TOKENS } from '../next-tokens.ts';
import { demonstrationsFor } from '../setting.ts';
import { type TrialPlan, ownAddress, settingsOf } from '../trial-plan.ts';
import type { TrialSetting } from '../trial-setting.ts';

/** What a run computes, cells that are the same once. */
export interface RunWork {
  readonly cells: number;
  /** Of all cells: demonstrations trained on, as often as they are, and their tokens with BOS. */
  readonly steps: number;
  readonly stepTokens: number;
  readonly probedTokens: number;
  /** Of matrix products with weights: two a weight and token, six in a step (its forward pass, and backward of both factors). */
  readonly flop: number;
  /** By trial, in their order, the share of its settings that no trial before it has. */
  readonly shares: readonly number[];
}

export function countWork(plans: readonly TrialPlan[], config: DecoderConfig, tokenBudget?: number): RunWork {
  const known = new Set<string>();
  let [steps, stepTokens, probedTokens] = [0, 0, 0];
  const shares = plans.map((plan) => {
    const settings = settingsOf(plan);
    const own = settings.filter((setting) => !known.has(ownAddress(setting).key));
    for (const setting of own) {
      known.add(ownAddress(setting).key);
      const training = trainingOf(plan, setting);
      steps += training.steps;
      stepTokens += training.tokens;
      probedTokens += probedBy(plan, setting, tokenBudget);
    }
    return settings.length === 0 ? 0 : own.length / settings.length;
  });
  const weights = weightsOfProducts(config);
  const flop = weights * (2 * probedTokens + 6 * stepTokens);
  return { cells: known.size, steps, stepTokens, probedTokens, flop, shares };
}

/** Steps of one cell, and their tokens. */
function trainingOf(
  { prepared }: Pick<TrialPlan, 'prepared'>,
  { setting }: TrialSetting,
): { readonly steps: number; readonly tokens: number } {
  const passes = trainingPasses(setting);
  if (passes === 0) return { steps: 0, tokens: 0 };
  const demonstrations = demonstrationsFor(setting, prepared);
  const tokens = demonstrations.reduce((sum, own) => sum + 1 + own.tokens.length, 0);
  return { steps: passes * demonstrations.length, tokens: passes * tokens };
}

/** Tokens of the sequences that answer a setting's queries, and of its context. */
function probedBy(
  { prepared }: Pick<TrialPlan, 'prepared'>,
  { setting, addresses }: TrialSetting,
  tokenBudget?: number,
): number {
  const behind = needsOf(setting) === 'context';
  const options = {
    probeTokens: [...addresses.keys()],
    nextTokens: NEXT_TOKENS,
    ...(tokenBudget === undefined ? {} : { tokenBudget }),
  };
  const batches = probeBatches(prepared.queries, options, behind);
  const queries = batches.flat().reduce((sum, { tokens }) => sum + tokens.length, 0);
  return queries + (behind ? prepared.context.tokens.length : 0);
}

function weightsOfProducts(config: DecoderConfig): number {
  return parameterSpecs(config)
    .filter(
      ({ kind, role }) => kind === 'weight' && role !== 'tokens' && role !== 'positions' && role !== 'norm',
    )
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
