import { accuracy } from '@icl-gd/metrics';
import type { Model } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { predict, unlessDiverged } from './probe-setting.ts';
import type { AccuracyRecord } from './record.ts';
import { type RunSetting, demonstrationsFor } from './setting.ts';

/** What is asked of a model. */
export interface AccuracySetting {
  readonly prepared: PreparedRun;
  readonly setting: RunSetting;
  /** Null for a learner that takes none. */
  readonly learningRate: number | null;
}

/** Share of right answers after a learner has taken in the demonstrations (in-context: those that fit). */
export async function measureAccuracy(
  model: Model,
  { prepared, setting, learningRate }: AccuracySetting,
  budget: { readonly tokenBudget?: number },
): Promise<AccuracyRecord> {
  const { learner, options } = setting;
  const rate = learningRate === null ? {} : { learningRate };
  const answered = await unlessDiverged(async () => {
    const demonstrations = demonstrationsFor(setting, prepared);
    const adapted = await learner.adapt(model, demonstrations, { ...rate, learnerOptions: options });
    try {
      return await adapted.probe(prepared.queries, { probeToken: 'prompt', ...budget });
    } finally {
      adapted.dispose();
    }
  });
  if ('diverged' in answered) return { status: 'diverged', message: answered.diverged };
  const predicted = predict(answered).map((prediction) => prediction.predicted);
  return { status: 'finished', accuracy: accuracy(prepared.gold, predicted) as number };
}
