import { inapplicableMetricsOf } from '@icl-gd/methods';
import type { ProbeShape } from '@icl-gd/metrics';
import type { ProbesBySetting, ScoresByMethod } from './noise-floor.ts';
import { scoreBaseline, scoreLearner, scorePair } from './scores.ts';
import type { TrialPlan } from './trial-plan.ts';
import type { TrialSetting } from './trial-setting.ts';

/** Everything of a trial that can be scored of the settings that have probes. */
export function scoreAll(plan: TrialPlan, probes: ProbesBySetting, shape: ProbeShape): ScoresByMethod {
  const [zsl, icl] = [probes.get(plan.zeroShot.id), probes.get(plan.inContext.id)];
  if (!zsl || !icl) return new Map();
  const pairs = plan.pairs.flatMap(({ ids }) => {
    const [first, second] = ids.map((id) => probes.get(id));
    return first && second ? [...scorePair(ids, { first, second, zsl }, shape, plan.metrics)] : [];
  });
  const methods = plan.methods.flatMap((own) => {
    const ft = probes.get(own.id);
    return ft ? [[own.id, scoreLearner(applying(own), { icl, zsl, ft }, shape, plan.metrics)] as const] : [];
  });
  const baseline = scoreBaseline({ icl, zsl }, shape, plan.trial.seed, plan.metrics);
  return new Map([['-', new Map([...baseline, ...pairs])], ...methods]);
}

/** What of the catalogue does not apply to a setting. */
export function applying({ setting }: TrialSetting): { readonly inapplicableMetrics: readonly string[] } {
  return { inapplicableMetrics: inapplicableMetricsOf(setting) };
}
