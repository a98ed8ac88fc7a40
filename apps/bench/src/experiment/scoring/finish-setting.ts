import type { Probe } from '@icl-gd/methods';
import type { DecoderConfig } from '@icl-gd/transformer';
import { type ProbedSetting, predict } from '../probe-setting.ts';
import type { FinishedSetting } from '../record.ts';
import { applying } from '../score-all.ts';
import type { TrialPlan } from '../trial-plan.ts';
import type { TrialSetting } from '../trial-setting.ts';
import type { ComparedProbes, Comparison } from './score-work.ts';
import type { Scoring } from './scoring.ts';

/** Zero-shot is compared with nothing, in-context learning with zero-shot, all else with both. */
export interface ComparedWith {
  readonly zsl?: readonly Probe[];
  readonly icl?: readonly Probe[];
}

/** What was probed under one token. */
export interface ProbedOnce extends Pick<ProbedSetting, 'training' | 'directionsOnly'> {
  readonly probes: readonly Probe[];
}

/** What a record keeps of a setting. */
export async function finishSetting(
  plan: TrialPlan,
  setting: TrialSetting,
  { probes, training, directionsOnly }: ProbedOnce,
  { zsl, icl }: ComparedWith,
  { scoring, config }: { readonly scoring: Scoring; readonly config: DecoderConfig },
): Promise<FinishedSetting> {
  const { seed } = plan.trial;
  const records = (comparison: Comparison, compared: ComparedProbes) =>
    scoring.records({ comparison, probes: compared, shape: config, metrics: plan.metrics, seed });
  const finished = {
    status: 'finished' as const,
    predictions: predict(probes),
    training: [...training],
    ...(directionsOnly ? { directionsOnly } : {}),
  };
  if (!zsl) return { ...finished, metrics: {} };
  if (!icl) return { ...finished, metrics: await records({ of: 'baseline', seed }, { icl: probes, zsl }) };
  const { inapplicableMetrics } = applying(setting);
  const metrics = await records({ of: 'learner', inapplicableMetrics }, { icl, zsl, ft: probes });
  return { ...finished, metrics };
}
