import type { LearnerSetting, Probe, ProbeToken } from '@icl-gd/methods';
import { exampleMeans, layerMean, simAMDelta, simAOU, updateNorm } from '@icl-gd/metrics';
import type { DecoderConfig, Model } from '@icl-gd/transformer';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { type SettingOptions, predict, probeByToken } from '../probe-setting.ts';
import type { OnWork } from '../take-in.ts';
import type { DevelopmentRecord } from './development-record.ts';

/** What a setting is measured against: probes of the same queries at the same token. */
export interface Against {
  readonly zsl?: readonly Probe[] | undefined;
  readonly icl?: readonly Probe[] | undefined;
}

/** A record, and the probes that it was made of unless it diverged. */
export interface ProbedDevelopment {
  readonly record: DevelopmentRecord;
  readonly probes?: readonly Probe[];
}

/** Nothing is made of the likeliest next tokens. */
const TOLD = { releasedNorms: false, nextTokens: 0 };

/** Lets a learner take in the demonstrations and measures the development examples at every probe token. */
export async function measureDevelopment(
  model: Model,
  setting: LearnerSetting,
  prepared: PreparedRun,
  options: Omit<SettingOptions, 'releasedNorms' | 'halfWeights'>,
  { against, onWork }: { readonly against: (token: ProbeToken) => Against; readonly onWork: OnWork },
): Promise<ReadonlyMap<ProbeToken, ProbedDevelopment>> {
  const own = { ...setting, demonstrations: {} };
  const probed = await probeByToken(model, own, prepared, { ...options, ...TOLD }, onWork);
  return new Map(
    [...probed].map(([token, outcome]) => [
      token,
      'diverged' in outcome
        ? { record: { status: 'diverged', message: outcome.diverged } }
        : measure(outcome.probes.get(token) as readonly Probe[], against(token), model.config),
    ]),
  );
}

function measure(
  probes: readonly Probe[],
  { zsl = probes, icl }: Against,
  config: DecoderConfig,
): ProbedDevelopment {
  const similarity = (score: typeof simAOU): number | null =>
    icl ? layerMean(score(icl, zsl, probes, config).values) : null;
  const record: DevelopmentRecord = {
    status: 'finished',
    predictions: predict(probes),
    updateNorm: exampleMeans(updateNorm(zsl, probes, config)).map((own) => own ?? 0),
    simaou: similarity(simAOU),
    simamDelta: similarity(simAMDelta),
  };
  return { record, probes };
}
