import type { Model } from '@icl-gd/transformer';
import type { CellAddress } from '../cell.ts';
import { trialName } from '../plan.ts';
import { unlessDiverged } from '../probe-setting.ts';
import type { Tally } from '../tally.ts';
import { type TrialPlan, unitsOf } from '../trial-plan.ts';
import {
  type AttentionOptions,
  type ContextAttention,
  contextAttention,
  learnerAgreement,
} from './measure.ts';
import type { TrainingAttentionRecord } from './record.ts';

/** What recording a trial's training attention takes. */
export interface AttentionWork extends Pick<AttentionOptions, 'tokenBudget' | 'signal'> {
  readonly tally: Tally;
  readonly isReadable: (address: CellAddress) => Promise<boolean>;
  readonly write: (address: CellAddress, record: TrainingAttentionRecord) => Promise<void>;
  readonly loadModel: () => Promise<Model>;
  readonly onWork: (units: number, doing: string) => void;
}

/** Work of a trial's training attention: the context's queries, and each learner's training and queries again. */
export function attentionUnits(plan: TrialPlan): number {
  const learners = plan.attention.reduce((sum, { setting }) => sum + unitsOf(plan, setting), 0);
  return learners === 0 ? 0 : plan.prepared.queries.length + learners;
}

/**
 * Records the training attention of the learners that finished.
 * @returns whether it was recorded already
 */
export async function recordTrainingAttention(
  plan: TrialPlan,
  finished: (id: string) => boolean,
  work: AttentionWork,
): Promise<boolean> {
  const { trial, prepared } = plan;
  const probeToken = [...plan.zeroShot.addresses.keys()][0] as AttentionOptions['probeToken'];
  const { tokenBudget, signal } = work;
  const options: AttentionOptions = { probeToken, tokenBudget, signal };
  const name = `${trialName(trial)} training attention`;
  let reported = 0;
  const onWork = (units: number): void => {
    reported += units;
    work.onWork(units, name);
  };
  let context: ContextAttention | undefined;
  let recorded = true;
  for (const { setting, places, address } of plan.attention) {
    if (!finished(setting.id)) continue;
    work.tally.ask(address);
    if (await work.isReadable(address)) continue;
    work.tally.compute(address);
    recorded = false;
    const model = await work.loadModel();
    context ??= await contextAttention(model, prepared, options, onWork);
    const own = context;
    const { learningRate } = setting;
    const measured = await unlessDiverged(() =>
      learnerAgreement(model, setting.setting, prepared, own, { ...options, places, learningRate }, onWork),
    );
    if ('diverged' in measured)
      throw new Error(`${setting.id} diverged where it did not before: the device gives other numbers`);
    await work.write(address, measured);
  }
  // What was on record, or diverged.
  work.onWork(attentionUnits(plan) - reported, name);
  return recorded;
}
