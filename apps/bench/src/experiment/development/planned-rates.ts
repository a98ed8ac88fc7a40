import { settingId } from '@icl-gd/methods';
import type { RunSettings } from '../plan.ts';
import type { RateRow } from './development.ts';
import { REFERENCE, developedLearners } from './rate-rules.ts';

/**
 * Rates as rules might choose them, for plans before anything is measured: each another than the published one, but that of what
 * levels are matched to.
 */
export function plannedRates({
  datasets,
  methods,
  controls,
  learningRate,
}: Pick<RunSettings, 'datasets' | 'methods' | 'controls' | 'learningRate'>): RateRow[] {
  const reference = settingId(REFERENCE);
  return datasets.flatMap((task) =>
    developedLearners({ methods, controls }).flatMap(({ setting, rules }) =>
      rules.map((rule, i): RateRow => {
        const publishedRate = learningRate ?? task.defaults.learningRate;
        const method = settingId(setting);
        const kept = rule !== 'best' && method === reference;
        return {
          ...{ dataset: task.id, method, rule, publishedRate },
          learningRate: kept ? publishedRate : publishedRate * (1 + (i + 1) / 16),
          ...{ target: null, objective: null, standardError: null, points: 0, seeds: 0, examples: 0 },
          note: 'planned',
        };
      }),
    ),
  );
}
