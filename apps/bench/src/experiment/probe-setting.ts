import {
  DivergedError,
  type LearnerResult,
  type Probe,
  type ProbeOptions,
  type ProbeToken,
  draws,
  predictions,
  takesRate,
} from '@icl-gd/methods';
import { type Model, type Progress, UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { COMPARED_NEXT_TOKENS, NEXT_TOKENS, areTokens } from './next-tokens.ts';
import type { PredictionRecord, TrainingStepRecord } from './record.ts';
import { type RunSetting, demonstrationsFor } from './setting.ts';

/** What a setting is probed with besides the trial's own choices. */
export interface SettingOptions {
  readonly probeTokens: readonly ProbeToken[];
  readonly tokenBudget?: ProbeOptions['tokenBudget'];
  /** Null for what takes none. */
  readonly learningRate: number | null;
  readonly releasedNorms: boolean;
  /** Probe with the changed weights rounded to float16. */
  readonly halfWeights?: boolean;
  /** Ends training and probing. */
  readonly signal?: AbortSignal | undefined;
}

/** Told about work done: units are queries probed and demonstrations trained on. */
export type OnWork = (units: number) => void;

export interface ProbedSetting {
  readonly probes: ReadonlyMap<ProbeToken, readonly Probe[]>;
  readonly training: readonly TrainingStepRecord[];
  /** See `LearnerResult.directionsOnly`: what it predicts is zero-shot's. */
  readonly directionsOnly?: true | undefined;
}

/** How a setting takes in its demonstrations. */
interface TakingIn extends Pick<SettingOptions, 'learningRate' | 'halfWeights' | 'signal'> {
  readonly releasedNorms?: boolean;
  readonly gradientNormVariants?: boolean;
  readonly keepTrainingQueries?: readonly number[];
}

/**
 * Lets a learner take in the demonstrations that it needs.
 * @returns to be disposed
 * @throws DivergedError if its training is not finite
 */
export async function takeIn(
  model: Model,
  setting: RunSetting,
  prepared: PreparedRun,
  { learningRate, releasedNorms = false, halfWeights = false, ...how }: TakingIn,
  onWork: OnWork,
): Promise<LearnerResult> {
  const { learner, options } = setting;
  const { gradientNormVariants, keepTrainingQueries, signal } = how;
  let trained = 0;
  const adapted = await learner.adapt(model, demonstrationsFor(setting, prepared), {
    // What is no part of a record's key must not be known to the learner.
    ...(takesRate(setting) && learningRate !== null ? { learningRate } : {}),
    ...(learner.objective ? { releasedNorms } : {}),
    ...(learner.objective && gradientNormVariants ? { gradientNormVariants } : {}),
    ...(draws(setting) ? { seed: prepared.seed } : {}),
    halfWeights,
    learnerOptions: options,
    ...(keepTrainingQueries ? { keepTrainingQueries } : {}),
    signal,
    onProgress: ({ finished }) => {
      if (learner.objective) onWork(finished - trained);
      trained = finished;
    },
  });
  try {
    requireSteps(learner.id, adapted.training ?? []);
  } catch (error) {
    adapted.dispose();
    throw error;
  }
  return adapted;
}

/**
 * Lets a learner take in the demonstrations that it needs and probes the queries.
 * @throws DivergedError if its training or what the model computes is not finite
 */
export async function probeSetting(
  model: Model,
  setting: RunSetting,
  prepared: PreparedRun,
  { probeTokens, tokenBudget, signal, ...adaptOptions }: SettingOptions,
  onWork: OnWork,
): Promise<ProbedSetting> {
  const { learner } = setting;
  const adapted = await takeIn(model, setting, prepared, { ...adaptOptions, signal }, onWork);
  try {
    const probes = await probeTokensOf(adapted, prepared, { probeTokens, tokenBudget, signal }, onWork);
    for (const [token, own] of probes) {
      if (own.length !== prepared.queries.length)
        throw new UserError(
          `${learner.id} gave ${own.length} probes of the ${token} for ${prepared.queries.length} queries: it must give one for each`,
        );
      if (own.some(({ nextTokens }) => nextTokens && !areTokens(nextTokens.ids)))
        throw new UserError(
          `${learner.id} gave nextTokens whose ids are no token ids, or are there twice: it may leave them out`,
        );
    }
    const { training = [], directionsOnly } = adapted;
    return { probes, training: training.map(toRecord), directionsOnly };
  } finally {
    adapted.dispose();
  }
}

/** The outcome, or the message of a divergence. */
export async function unlessDiverged<T>(work: () => Promise<T>): Promise<T | { readonly diverged: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DivergedError) return { diverged: error.message };
    throw error;
  }
}

/** What a record keeps of probes: the option with the largest mean log-probability, the first on a tie; the likeliest tokens. */
export function predict(
  probes: readonly {
    readonly optionLogProbs: readonly number[];
    readonly nextTokens?: { readonly ids: Iterable<number> };
  }[],
): PredictionRecord[] {
  const predicted = predictions(probes);
  return probes.map(({ optionLogProbs, nextTokens }, i) => ({
    predicted: predicted[i] as number,
    optionLogProbs: [...optionLogProbs],
    ...(nextTokens ? { nextTokens: [...nextTokens.ids].slice(0, COMPARED_NEXT_TOKENS) } : {}),
  }));
}

async function probeTokensOf(
  adapted: LearnerResult,
  { queries }: PreparedRun,
  { probeTokens, tokenBudget, signal }: Pick<SettingOptions, 'probeTokens' | 'tokenBudget' | 'signal'>,
  onWork: OnWork,
): Promise<ReadonlyMap<ProbeToken, readonly Probe[]>> {
  let before = 0;
  const onProgress = ({ finished }: Progress): void => {
    onWork(finished - before);
    before = finished;
  };
  const budget = tokenBudget === undefined ? {} : { tokenBudget };
  const nextTokens = NEXT_TOKENS;
  return await adapted.probeTokens(queries, { ...budget, probeTokens, nextTokens, signal, onProgress });
}

function toRecord(step: NonNullable<LearnerResult['training']>[number]): TrainingStepRecord {
  return {
    gradientNorms: [...step.gradientNorms],
    losses: [...step.losses],
    ...(step.releasedGradientNorms ? { releasedGradientNorms: [...step.releasedGradientNorms] } : {}),
  };
}

/**
 * @throws DivergedError for a step with a number that is not finite
 * @throws UserError for one that no record can hold: a learner of the user's own may report anything
 */
function requireSteps(id: string, training: NonNullable<LearnerResult['training']>): void {
  for (const [step, { losses, gradientNorms, releasedGradientNorms }] of training.entries()) {
    for (const values of [losses, gradientNorms, releasedGradientNorms ?? []])
      if (!values.every(Number.isFinite))
        throw new DivergedError(`${id} diverged: at step ${step} its loss or gradient is not finite`);
    const lists = [losses, gradientNorms, releasedGradientNorms ?? gradientNorms];
    if (lists.some(({ length }) => length !== losses.length))
      throw new UserError(
        `${id}: step ${step} has ${lists.map(({ length }) => length).join(', ')} losses, gradient norms and released ones: it must report one of each a layer`,
      );
    if ([...gradientNorms, ...(releasedGradientNorms ?? [])].some((norm) => norm < 0))
      throw new UserError(`${id}: step ${step} has a gradient norm below 0`);
  }
}
