import type { Model } from '@icl-gd/transformer';
import type { ExpectedTraining, Trainings } from '../lockstep/trainings.ts';
import { unlessDiverged } from '../probe-setting.ts';
import { type TrialPlan, ownAddress, settingsOf } from '../trial-plan.ts';
import { type Spent, timed, without } from './spent.ts';
import type { TimedTraining } from './timed-training.ts';
import { stepsOf, trainingKey } from './work.ts';

interface Options {
  readonly trainings: Trainings;
  readonly training: TimedTraining;
  readonly releasedNorms: boolean;
  /** Cells that are trained, at most. */
  readonly most: number;
}

/**
 * Measures trainings as a run does them together, of two lengths: what a training takes once counts for little in a run and for
 * much in a few steps.
 * @param short trials with a single demonstration
 * @param long the same with more
 * @returns what was spent on compiling
 */
export async function measureTraining(
  model: Model,
  short: readonly TrialPlan[],
  long: readonly TrialPlan[],
  { trainings, training, releasedNorms, most }: Options,
): Promise<Spent> {
  const trainAll = async (plans: readonly TrialPlan[]): Promise<void> => {
    const all = expectedOf(plans, releasedNorms).slice(0, most);
    /** Of each kind one: with it those of its kind are trained. */
    const firsts = new Map(all.toReversed().map((own) => [trainingKey(own.setting), own]));
    trainings.expect(all);
    for (const { setting, prepared, how, onWork } of firsts.values()) {
      const adapted = await unlessDiverged(() => trainings.takeIn(model, setting, prepared, how, onWork));
      if (!('diverged' in adapted)) adapted.dispose();
    }
    trainings.expect([]);
  };
  const [cold] = await timed(() => training.during(() => trainAll(long)));
  const [warm, ofLong] = await timed(() => training.during(() => trainAll(long)));
  training.fit(await training.during(() => trainAll(short)), ofLong);
  return without(cold, warm);
}

function expectedOf(plans: readonly TrialPlan[], releasedNorms: boolean): ExpectedTraining[] {
  const expected = new Map<string, ExpectedTraining>();
  for (const plan of plans)
    for (const own of settingsOf(plan)) {
      const { setting, learningRate } = own;
      const { prepared } = plan;
      if (stepsOf(setting, prepared).tokens === 0) continue;
      const how = { learningRate, releasedNorms };
      expected.set(ownAddress(own).key, { setting, prepared, how, onWork: () => {} });
    }
  return [...expected.values()];
}
