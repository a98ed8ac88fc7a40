import { needsOf } from '@icl-gd/methods';
import { TrialRunner } from '../run-trial.ts';
import type { TrialRunnerOptions } from '../trial-runner-options.ts';
import type { TrialPlan } from '../trial-plan.ts';
import type { RunWork } from './count-work.ts';
import { Rates } from './rates.ts';
import { type Spent, timed, times, without } from './spent.ts';
import type { TimedTraining } from './timed-training.ts';

/** What measuring trials takes. */
export interface TrialsToMeasure {
  readonly options: Omit<TrialRunnerOptions, 'fresh' | 'written' | 'noiseFloor' | 'training'>;
  /** What a run measures beside its settings. */
  readonly extras: Pick<TrialRunnerOptions, 'noiseFloor' | 'training'>;
  /** Measures what is taken in. */
  readonly training: TimedTraining;
  /** Work of trials. */
  readonly count: (plans: readonly TrialPlan[]) => RunWork;
}

/**
 * Measures trials with the run's own code: the two baselines, then what trains, then what is measured beside them, of the first
 * trial alone. What trains together is probed together, so that no trial could be measured by itself.
 * @param trials of one model, shortened
 */
export async function measureTrials(
  trials: readonly TrialPlan[],
  { options, extras, training, count }: TrialsToMeasure,
): Promise<Rates> {
  const written = new Set<string>();
  const runnerOf = (more: TrialsToMeasure['extras']): TrialRunner =>
    new TrialRunner({ ...options, ...more, fresh: true, written });
  const only = { noiseFloor: false };
  /** What trials take beside what is taken in. */
  const rest = async (
    plans: readonly TrialPlan[],
    more: TrialsToMeasure['extras'] = only,
  ): Promise<Spent> => {
    const before = training.spent;
    const runner = runnerOf(more);
    const [spent] = await timed(async () => {
      await runner.expect(plans);
      for (const plan of plans) await runner.run(plan);
    });
    return without(spent, without(training.spent, before));
  };
  const baselines = trials.map((plan) => ({ ...plan, methods: [], pairs: [], attention: [] }));
  const trained = trials.map((plan) => ({
    ...{ ...plan, attention: [] },
    methods: plan.methods.filter(({ setting }) => needsOf(setting) !== 'context'),
  }));
  const ofBaselines = await rest(baselines);
  const ofTrained = await rest(trained);
  const [before, after] = [baselines, trained].map((plans) => count(plans).trials.queryTokens);
  const more = (after?.alone ?? 0) - (before?.alone ?? 0);
  const { alone: zeroShot, behind } = before as NonNullable<typeof before>;
  const alone = more > 0 ? times(ofTrained, 1 / more) : times(ofBaselines, 1 / (zeroShot + behind));
  const inContext = without(ofBaselines, times(alone, zeroShot));
  const rates = new Rates(training, { alone, behind: times(inContext, 1 / behind) });
  const [first] = trained;
  if (!first) throw new Error('no trial to measure');
  const { noise, again } = count([first]);
  if (extras.noiseFloor) rates.noise = rates.shareOfQueries(await rest([first], { noiseFloor: true }), noise);
  if (extras.training && again.cells > 0)
    rates.again = times(await rest([first], { ...only, training: extras.training }), 1 / again.cells);
  return rates;
}
