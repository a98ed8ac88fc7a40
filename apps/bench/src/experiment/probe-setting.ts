import {
  DivergedError,
  type LearnerResult,
  type Probe,
  type ProbeOptions,
  type ProbeToken,
  predictions,
} from '@icl-gd/methods';
import { type Model, type Progress, UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { COMPARED_NEXT_TOKENS, NEXT_TOKENS, areTokens } from './next-tokens.ts';
import type { PredictionRecord, TrainingStepRecord } from './record.ts';
import type { RunSetting } from './setting.ts';
import { type OnWork, type TakeIn, type TakingIn, takeIn as takeInAlone } from './take-in.ts';

/** What a setting is probed with besides the trial's own choices. */
export interface SettingOptions extends Pick<TakingIn, 'learningRate' | 'halfWeights'> {
  readonly probeTokens: readonly ProbeToken[];
  readonly tokenBudget?: ProbeOptions['tokenBudget'];
  /** How many of the likeliest next tokens are recorded; as many as are kept if absent. */
  readonly nextTokens?: number;
  readonly releasedNorms: boolean;
  /** Ends training and probing. */
  readonly signal?: AbortSignal | undefined;
  /** By itself if absent. */
  readonly takeIn?: TakeIn;
  /** Where h and m are written to, if that makes a difference. */
  readonly allocate?: ProbeOptions['allocate'];
}

type ProbingOptions = Pick<
  SettingOptions,
  'probeTokens' | 'tokenBudget' | 'nextTokens' | 'signal' | 'allocate'
>;

export interface ProbedSetting {
  readonly probes: ReadonlyMap<ProbeToken, readonly Probe[]>;
  readonly training: readonly TrainingStepRecord[];
  /** See `LearnerResult.directionsOnly`: what it predicts is zero-shot's. */
  readonly directionsOnly?: true | undefined;
}

/** What did not come about, and why. */
export interface Diverged {
  readonly diverged: string;
}

/**
 * Lets a learner take in the demonstrations that it needs and probes the queries.
 * @throws DivergedError if its training or what the model computes is not finite
 */
export async function probeSetting(
  model: Model,
  setting: RunSetting,
  prepared: PreparedRun,
  { takeIn = takeInAlone, ...options }: SettingOptions,
  onWork: OnWork,
): Promise<ProbedSetting> {
  const adapted = await takeIn(model, setting, prepared, options, onWork);
  try {
    return await probeAdapted(adapted, setting, prepared, options, onWork);
  } finally {
    adapted.dispose();
  }
}

/**
 * As {@link probeSetting}, by probe token: all in the same forward passes, but what one token's probe overflows in does not decide
 * what becomes of another.
 */
export async function probeByToken(
  model: Model,
  setting: RunSetting,
  prepared: PreparedRun,
  { takeIn = takeInAlone, ...options }: SettingOptions,
  onWork: OnWork,
): Promise<ReadonlyMap<ProbeToken, ProbedSetting | Diverged>> {
  const { probeTokens } = options;
  const ofAll = <T>(outcome: T): ReadonlyMap<ProbeToken, T> =>
    new Map(probeTokens.map((token) => [token, outcome]));
  const adapted = await unlessDiverged(() => takeIn(model, setting, prepared, options, onWork));
  if ('diverged' in adapted) return ofAll(adapted);
  try {
    const probe = (tokens: readonly ProbeToken[], tell: OnWork): Promise<ProbedSetting | Diverged> =>
      unlessDiverged(() =>
        probeAdapted(adapted, setting, prepared, { ...options, probeTokens: tokens }, tell),
      );
    const together = await probe(probeTokens, onWork);
    if (!('diverged' in together) || probeTokens.length === 1) return ofAll(together);
    const apart = new Map<ProbeToken, ProbedSetting | Diverged>();
    for (const token of probeTokens) apart.set(token, await probe([token], () => {}));
    return apart;
  } finally {
    adapted.dispose();
  }
}

async function probeAdapted(
  adapted: LearnerResult,
  { learner }: RunSetting,
  prepared: PreparedRun,
  options: ProbingOptions,
  onWork: OnWork,
): Promise<ProbedSetting> {
  const probes = await probeTokensOf(adapted, prepared, options, onWork);
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
}

/** The outcome, or the message of a divergence. */
export async function unlessDiverged<T>(work: () => Promise<T>): Promise<T | Diverged> {
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
  { probeTokens, tokenBudget, nextTokens = NEXT_TOKENS, signal, allocate }: ProbingOptions,
  onWork: OnWork,
): Promise<ReadonlyMap<ProbeToken, readonly Probe[]>> {
  let before = 0;
  const onProgress = ({ finished }: Progress): void => {
    onWork(finished - before);
    before = finished;
  };
  const budget = { ...(tokenBudget === undefined ? {} : { tokenBudget }), ...(allocate ? { allocate } : {}) };
  return await adapted.probeTokens(queries, { ...budget, probeTokens, nextTokens, signal, onProgress });
}

function toRecord(step: NonNullable<LearnerResult['training']>[number]): TrainingStepRecord {
  return {
    gradientNorms: [...step.gradientNorms],
    losses: [...step.losses],
    ...(step.releasedGradientNorms ? { releasedGradientNorms: [...step.releasedGradientNorms] } : {}),
  };
}
