import {
  type LearnerSetting,
  type ProbeToken,
  lockstepOf,
  needsOf,
  probeBatches,
  settingId,
  trainingPasses,
} from '@icl-gd/methods';
import { type DecoderConfig, parameterSpecs } from '@icl-gd/transformer';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { NEXT_TOKENS } from '../next-tokens.ts';
import { type RunSetting, demonstrationsFor } from '../setting.ts';

/** Trainings of one kind. */
export interface Trainings {
  readonly count: number;
  /** Of all demonstrations, each behind BOS, as often as they are trained on. */
  readonly tokens: number;
}

/** What cells compute, by what their time is in proportion to. */
export class Work {
  cells = 0;
  /** Demonstrations trained on, as often as they are. */
  steps = 0;
  /** By kind. */
  readonly trainings = new Map<string, Trainings>();
  contextTokens = 0;
  /** Tokens of the sequences that answer queries, by what stands before them: nothing, or a context. */
  readonly queryTokens = { alone: 0, behind: 0 };
  readonly #tokenBudget: number | undefined;

  constructor(tokenBudget?: number) {
    this.#tokenBudget = tokenBudget;
  }

  /** Adds a setting that takes in its demonstrations and is asked all queries, so many times. */
  add(setting: RunSetting, prepared: PreparedRun, probeTokens: readonly ProbeToken[], count = 1): void {
    this.cells += count;
    this.addTraining(setting, prepared, { count });
    this.addQueries(setting, prepared, probeTokens, count);
  }

  /** @param key what kind of training it is, if none that the setting has by itself */
  addTraining(
    setting: RunSetting,
    prepared: PreparedRun,
    { key = trainingKey(setting), count = 1 }: { readonly key?: string; readonly count?: number } = {},
  ): void {
    const { steps, tokens } = stepsOf(setting, prepared);
    if (tokens === 0) return;
    this.steps += count * steps;
    const known = this.trainings.get(key) ?? { count: 0, tokens: 0 };
    this.trainings.set(key, { count: known.count + count, tokens: known.tokens + count * tokens });
  }

  /** Adds queries of an adapted model, and the context that they stand behind. */
  addQueries(
    setting: RunSetting,
    prepared: PreparedRun,
    probeTokens: readonly ProbeToken[],
    count = 1,
  ): void {
    const isBehind = needsOf(setting) === 'context';
    if (isBehind) this.contextTokens += count * tokensOfContext(setting, prepared);
    const budget = this.#tokenBudget === undefined ? {} : { tokenBudget: this.#tokenBudget };
    const options = { probeTokens, nextTokens: NEXT_TOKENS, ...budget };
    const sequences = probeBatches(prepared.queries, options, isBehind).flat();
    const tokens = sequences.reduce((total, own) => total + own.tokens.length, 0);
    this.queryTokens[isBehind ? 'behind' : 'alone'] += count * tokens;
  }

  get stepTokens(): number {
    return [...this.trainings.values()].reduce((total, { tokens }) => total + tokens, 0);
  }

  /** Of queries and contexts. */
  get probedTokens(): number {
    return this.queryTokens.alone + this.queryTokens.behind + this.contextTokens;
  }

  /** Floating-point operations of products with weights: two a weight and token, six in a step (its forward pass, and backward of both factors). */
  flop(config: DecoderConfig): number {
    return weightsOfProducts(config) * (2 * this.probedTokens + 6 * this.stepTokens);
  }
}

/** What trainings have in common whose time is in proportion to their tokens: those that may train together, else their options. */
export function trainingKey(setting: LearnerSetting): string {
  return lockstepOf(setting) === undefined ? settingId(setting) : setting.learner.id;
}

/** Steps of a training, and their tokens. */
export function stepsOf(
  setting: RunSetting,
  prepared: PreparedRun,
): { readonly steps: number; readonly tokens: number } {
  const passes = trainingPasses(setting);
  if (passes === 0) return { steps: 0, tokens: 0 };
  const demonstrations = demonstrationsFor(setting, prepared);
  return { steps: passes * demonstrations.length, tokens: passes * tokensOf(demonstrations) };
}

/** Tokens of demonstrations, each behind BOS. */
export function tokensOf(demonstrations: readonly { readonly tokens: readonly number[] }[]): number {
  return demonstrations.reduce((total, { tokens }) => total + 1 + tokens.length, 0);
}

/** Tokens of the demonstrations that a setting has in context. */
export function tokensOfContext(setting: RunSetting, prepared: PreparedRun): number {
  return tokensOf(demonstrationsFor(setting, prepared));
}

export function weightsOfProducts(config: DecoderConfig): number {
  return parameterSpecs(config)
    .filter(
      ({ kind, role }) => kind === 'weight' && role !== 'tokens' && role !== 'positions' && role !== 'norm',
    )
    .reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
}
