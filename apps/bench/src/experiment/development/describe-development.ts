import { settingId } from '@icl-gd/methods';
import type { RunSettings } from '../plan.ts';
import { rateGrid } from './grid.ts';
import type { PreparedDevelopment } from './prepare.ts';
import { developedLearners } from './rate-rules.ts';

/** What would be measured on development data, a line a dataset; for those that are left out, why. */
export function describeDevelopment(
  prepared: readonly PreparedDevelopment[],
  settings: Pick<RunSettings, 'methods' | 'controls'>,
): string[] {
  const learners = developedLearners(settings).map(({ setting }) => settingId(setting));
  return prepared.map(({ dataset, runs, leftOut }) => {
    if (leftOut !== undefined) return `WARNING: ${dataset} has no development data: ${leftOut}`;
    const seeds = runs.map(({ seed }) => seed).join(', ');
    const examples = runs[0]?.queries.length ?? 0;
    return `to do: development ${dataset} seeds ${seeds}, ${examples} examples, ${learners.join(' and ')} at ${rateGrid(1).length} rates or more`;
  });
}
