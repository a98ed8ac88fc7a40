import type { Task } from '../../tasks/task.ts';
import {
  DevelopmentCells,
  type DevelopmentWork,
  IN_CONTEXT,
  ZERO_SHOT,
} from '../development/development-cells.ts';
import type { PreparedDevelopment } from '../development/prepare.ts';
import { developedLearners } from '../development/rate-rules.ts';
import type { RunSettings } from '../plan.ts';
import { onOwnDemonstrations } from './count-work.ts';
import type { Rates } from './rates.ts';
import { type Spent, over, timed, without } from './spent.ts';
import type { TimedTraining } from './timed-training.ts';
import { Work } from './work.ts';

/** Rates of each learner, of those below the published one, which do not diverge. */
const RATES = 2;

/**
 * Measures a dataset's development cells, each learner at a few rates, twice: what is compiled takes the first time longer.
 * @param runs shortened
 * @returns what of its queries takes how much of trials' queries, and what was spent on compiling
 */
export async function measureDevelopment(
  { defaults }: Pick<Task, 'defaults'>,
  { runs }: Pick<PreparedDevelopment, 'runs'>,
  work: Omit<DevelopmentWork, 'written' | 'fresh'>,
  {
    settings,
    rates,
    training,
  }: { readonly settings: RunSettings; readonly rates: Rates; readonly training: TimedTraining },
): Promise<{ readonly share: Spent; readonly compiling: Spent }> {
  const published = settings.learningRate ?? defaults.learningRate;
  const points = developedLearners(settings).flatMap(({ setting }) =>
    Array.from({ length: RATES }, (_, i) => ({ setting, rate: published / 4 ** i })),
  );
  const measure = async (): Promise<void> => {
    const cells = new DevelopmentCells({ ...work, fresh: true, written: new Set() }, runs);
    for (const baseline of [ZERO_SHOT, IN_CONTEXT]) await cells.measure(baseline, null);
    work.trainings.expect(points.flatMap(({ setting, rate }) => cells.expected(setting, rate)));
    for (const { setting, rate } of points) await cells.measure(setting, rate);
  };
  const [cold] = await timed(measure);
  const before = training.spent;
  const [warm] = await timed(measure);
  const takingIn = without(training.spent, before);
  const counted = new Work(work.tokenBudget);
  for (const [i, prepared] of runs.entries()) {
    if (i === 0) counted.add(onOwnDemonstrations(ZERO_SHOT), prepared, work.probeTokens);
    counted.add(onOwnDemonstrations(IN_CONTEXT), prepared, work.probeTokens);
    for (const { setting } of points) counted.add(onOwnDemonstrations(setting), prepared, work.probeTokens);
  }
  const queries = without(warm, takingIn);
  return { share: over(queries, rates.queries(counted)), compiling: without(cold, warm) };
}
