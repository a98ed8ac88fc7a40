import type { LearnerSetting } from '@icl-gd/methods';
import { accuracy } from '@icl-gd/metrics';
import type { Model } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { demonstrationsFor, predict, unlessDiverged } from './probe-setting.ts';
import type { AccuracyRecord } from './record.ts';

/** What is asked of a model. */
export interface AccuracySetting {
  readonly prepared: PreparedRun;
  readonly setting: LearnerSetting;
  /** Null for a learner that takes none. */
  readonly learningRate: number | null;
}

/** Share of right answers after a learner has taken in the demonstrations (in-context: those that fit). */
export async function measureAccuracy(
  model: Model,
  { prepared, setting: { learner, options }, learningRate }: AccuracySetting,
  budget: { readonly tokenBudget?: number },
): Promise<AccuracyRecord> {
  const rate = learningRate === null ? {} : { learningRate };
  const answered = await unlessDiverged(async () => {
    const demonstrations = demonstrationsFor(learner, prepared);
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
