import { type LearnerSetting, type ProbeToken, settingId } from '@icl-gd/methods';
import { z } from 'zod';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import {
  type Cell,
  type CellAddress,
  type PreparedDigests,
  type RunIdentity,
  address,
  ofTrial,
} from '../cell.ts';
import { diverged, finite, prediction } from '../record.ts';

/** What a record is of that was measured on development data. */
const DEVELOPMENT = 'development';

/** A setting on development data, with one choice of demonstrations, at one rate. */
const development = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('finished'),
    predictions: z.array(prediction),
    /** By example: ‖h − h_ZSL‖ / ‖h_ZSL‖, mean over layers. */
    updateNorm: z.array(finite.nonnegative()),
    /** Layer means against ICL; null where undefined, and for the baselines. */
    simaou: finite.min(-1).max(1).nullable(),
    simamDelta: finite.min(-1).max(1).nullable(),
  }),
  diverged,
]);
export type DevelopmentRecord = z.infer<typeof development>;

/** What a record of these queries must hold. */
export function developmentRecordOf(queries: PreparedRun['queries']): z.ZodType<DevelopmentRecord> {
  return development.refine(
    (record) =>
      record.status === 'diverged' ||
      (record.predictions.length === queries.length &&
        record.updateNorm.length === queries.length &&
        record.predictions.every((own, i) => own.optionLogProbs.length === queries[i]?.options.length)),
    'is of other queries',
  );
}

/**
 * The cell of a setting of the trained model on development data.
 * @param learningRate null for what takes none
 */
export function developmentCell(
  identity: RunIdentity,
  prepared: PreparedRun,
  digests: PreparedDigests,
  { setting, learningRate }: { readonly setting: LearnerSetting; readonly learningRate: number | null },
  probe: ProbeToken,
): CellAddress {
  const { id, needs, role } = setting.learner;
  const alone = needs === 'none' && role === 'baseline';
  const cell: Cell = {
    ...ofTrial(identity.settings, { variant: 'trained', ...prepared }, alone),
    setting: settingId(setting),
    learningRate,
    probe,
  };
  const tokens = {
    queries: digests.queries,
    context: alone ? null : digests.context,
    demonstrations: needs === 'all' ? digests.demonstrations : null,
    measured: DEVELOPMENT,
  };
  return address(identity, cell, tokens, { learner: identity.foreignLearners.get(id), of: DEVELOPMENT });
}
