import { accuracy } from '@icl-gd/metrics';
import { type Model, UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { predict, unlessDiverged } from './probe-setting.ts';
import { type TakeIn, takeIn as takeInAlone } from './take-in.ts';
import type { AccuracyRecord } from './record.ts';
import { type RunSetting, runSettingId } from './setting.ts';

/** What is asked of a model. */
export interface AccuracySetting {
  readonly prepared: PreparedRun;
  readonly setting: RunSetting;
  /** Null for a learner that takes none. */
  readonly learningRate: number | null;
}

/**
 * Share of right answers after a learner has taken in the demonstrations (in-context: those that fit).
 * @throws UserError if it predicts nothing
 */
export async function measureAccuracy(
  model: Model,
  { prepared, setting, learningRate }: AccuracySetting,
  { takeIn = takeInAlone, ...budget }: { readonly tokenBudget?: number; readonly takeIn?: TakeIn },
): Promise<AccuracyRecord> {
  const answered = await unlessDiverged(async () => {
    const adapted = await takeIn(model, setting, prepared, { learningRate }, () => {});
    try {
      if (adapted.directionsOnly)
        throw new UserError(`${runSettingId(setting)} gives a direction: it predicts nothing`);
      return await adapted.probe(prepared.queries, { probeToken: 'prompt', ...budget });
    } finally {
      adapted.dispose();
    }
  });
  if ('diverged' in answered) return { status: 'diverged', message: answered.diverged };
  const predicted = predict(answered).map((prediction) => prediction.predicted);
  return { status: 'finished', accuracy: accuracy(prepared.gold, predicted) as number };
}
