import type { LearnerSetting, Probe, ProbeToken } from '@icl-gd/methods';
import { exampleMeans, layerMean, simAMDelta, simAOU, updateNorm } from '@icl-gd/metrics';
import type { DecoderConfig, Model } from '@icl-gd/transformer';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { type SettingOptions, type OnWork, predict, probeSetting, unlessDiverged } from '../probe-setting.ts';
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

type Options = Pick<SettingOptions, 'probeTokens' | 'tokenBudget' | 'signal' | 'learningRate'>;

/** Lets a learner take in the demonstrations and measures the development examples at every probe token. */
export async function measureDevelopment(
  model: Model,
  setting: LearnerSetting,
  prepared: PreparedRun,
  options: Options,
  { against, onWork }: { readonly against: (token: ProbeToken) => Against; readonly onWork: OnWork },
): Promise<ReadonlyMap<ProbeToken, ProbedDevelopment>> {
  const { probeTokens, ...rest } = options;
  const probe = (tokens: readonly ProbeToken[], tell: OnWork) =>
    unlessDiverged(() =>
      probeSetting(
        model,
        { ...setting, demonstrations: {} },
        prepared,
        { ...rest, probeTokens: tokens, releasedNorms: false },
        tell,
      ),
    );
  const together = await probe(probeTokens, onWork);
  const measured = new Map<ProbeToken, ProbedDevelopment>();
  for (const token of probeTokens) {
    // What one token's probe overflows in must not decide the record of another.
    const own = 'diverged' in together && probeTokens.length > 1 ? await probe([token], () => {}) : together;
    measured.set(
      token,
      'diverged' in own
        ? { record: { status: 'diverged', message: own.diverged } }
        : measure(own.probes.get(token) as readonly Probe[], against(token), model.config),
    );
  }
  return measured;
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
