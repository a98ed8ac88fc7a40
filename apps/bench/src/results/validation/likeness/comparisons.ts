import type { MeasuredRun } from '../../measured.ts';
import { acrossDatasets, datasetsNeeded } from '../../inference/across-datasets.ts';
import type { Estimate } from '../../inference/estimate.ts';
import { seedsNeeded } from '../../inference/seeds-needed.ts';
import { ExampleScores } from '../example-scores.ts';
import { ALL, LADDER_METRICS, type Ladder, type Level, type Rung, isNotZero, levelOf } from './ladder.ts';

/** A learner beside the highest of the nulls, which is chosen by its mean. */
export interface NullComparison {
  readonly learner: Rung;
  readonly highest: Rung;
  /** learner − null, paired. */
  readonly difference: Level;
  /** Where 0 is inside of its interval: what would put it outside; null where that is not known. */
  readonly toSettle: { readonly count: number; readonly units: 'datasets' | 'seeds' } | null;
}

/** Each learner that is asked for, on each similarity; none without nulls. */
export function compareWithNulls(
  { cells }: Pick<MeasuredRun, 'cells'>,
  { variant, datasets, rungs }: Ladder,
  learners: readonly string[],
): NullComparison[] {
  const examples = new ExampleScores(cells.filter((cell) => cell.variant === variant));
  return LADDER_METRICS.flatMap(({ metric }) => {
    const all = rungs.filter((rung) => rung.metric === metric && rung.dataset === ALL);
    const [highest] = all
      .filter(({ role }) => role === 'null')
      .toSorted((a, b) => b.level.value - a.level.value);
    if (!highest) return [];
    return all
      .filter(({ method }) => learners.includes(method))
      .flatMap((learner): NullComparison[] => {
        const estimates = datasets.map((dataset) =>
          examples.difference(
            { metric, variant, dataset, method: learner.method },
            { metric, variant, dataset, method: highest.method },
          ),
        );
        const difference = levelOf(estimates);
        return difference
          ? [{ learner, highest, difference, toSettle: settling(difference, estimates) }]
          : [];
      });
  });
}

function settling({ value, interval }: Level, estimates: readonly Estimate[]): NullComparison['toSettle'] {
  if (isNotZero(interval)) return null;
  const across = acrossDatasets(estimates.flatMap((own) => own.value ?? []));
  if (across) return { count: datasetsNeeded(across, 0, 0.95), units: 'datasets' };
  const spreads = estimates.flatMap(({ spread }) => spread ?? []);
  if (spreads.length === 0) return null;
  return { count: seedsNeeded(spreads, { halfWidth: Math.abs(value), level: 0.95 }), units: 'seeds' };
}
