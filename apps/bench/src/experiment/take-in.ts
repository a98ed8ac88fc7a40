import { type AdaptOptions, DivergedError, type LearnerResult, draws, takesRate } from '@icl-gd/methods';
import { type LongRunning, type Model, UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { type RunSetting, demonstrationsFor } from './setting.ts';

/** How a setting takes in its demonstrations. */
export interface TakingIn {
  /** Null for what takes none. */
  readonly learningRate: number | null;
  readonly releasedNorms?: boolean;
  /** Probe with the changed weights rounded to float16. */
  readonly halfWeights?: boolean;
  readonly gradientNormVariants?: boolean;
  readonly keepTrainingQueries?: readonly number[];
}

/** Told about work done: units are queries probed and demonstrations trained on. */
export type OnWork = (units: number) => void;

/**
 * Lets a learner take in the demonstrations that it needs.
 * @returns to be disposed
 * @throws DivergedError if its training is not finite
 */
export type TakeIn = (
  model: Model,
  setting: RunSetting,
  prepared: PreparedRun,
  how: TakingIn & Pick<LongRunning, 'signal'>,
  onWork: OnWork,
) => Promise<LearnerResult>;

/** What a learner is told. */
export function adaptOptionsOf(
  setting: RunSetting,
  { seed }: Pick<PreparedRun, 'seed'>,
  {
    learningRate,
    releasedNorms = false,
    halfWeights = false,
    gradientNormVariants,
    keepTrainingQueries,
  }: TakingIn,
): Omit<AdaptOptions, keyof LongRunning> {
  const { learner, options } = setting;
  return {
    // What is no part of a record's key must not be known to the learner.
    ...(takesRate(setting) && learningRate !== null ? { learningRate } : {}),
    ...(learner.objective ? { releasedNorms } : {}),
    ...(learner.objective && gradientNormVariants ? { gradientNormVariants } : {}),
    ...(draws(setting) ? { seed } : {}),
    halfWeights,
    learnerOptions: options,
    ...(keepTrainingQueries ? { keepTrainingQueries } : {}),
  };
}

/** By itself, when it is asked for. */
export const takeIn: TakeIn = async (model, setting, prepared, { signal, ...how }, onWork) => {
  const { learner } = setting;
  let trained = 0;
  const adapted = await learner.adapt(model, demonstrationsFor(setting, prepared), {
    ...adaptOptionsOf(setting, prepared, how),
    signal,
    onProgress: ({ finished }) => {
      if (learner.objective) onWork(finished - trained);
      trained = finished;
    },
  });
  return requireSteps(learner.id, adapted);
};

/**
 * Disposes what it refuses.
 * @throws DivergedError for a step with a number that is not finite
 * @throws UserError for one that no record can hold: a learner of the user's own may report anything
 */
export function requireSteps(id: string, adapted: LearnerResult): LearnerResult {
  try {
    for (const [step, reported] of (adapted.training ?? []).entries()) requireStep(id, step, reported);
  } catch (error) {
    adapted.dispose();
    throw error;
  }
  return adapted;
}

function requireStep(
  id: string,
  step: number,
  { losses, gradientNorms, releasedGradientNorms }: NonNullable<LearnerResult['training']>[number],
): void {
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
