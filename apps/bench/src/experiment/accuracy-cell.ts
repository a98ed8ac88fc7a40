import { type LearnerSetting, settingId } from '@icl-gd/methods';
import {
  type Cell,
  type CellAddress,
  type DemonstratedTrial,
  type PreparedDigests,
  type RunIdentity,
  address,
  ofTrial,
} from './cell.ts';

/** What a record is of that holds no more than an accuracy. */
const ACCURACY = 'accuracy';

/**
 * The accuracy alone of a learner that has taken in a trial's demonstrations, without probes.
 * @param learningRate null for one that takes none
 */
export function accuracyCell(
  identity: RunIdentity,
  trial: DemonstratedTrial,
  digests: PreparedDigests,
  setting: LearnerSetting,
  learningRate: number | null,
): CellAddress {
  const { id, needs } = setting.learner;
  const alone = needs === 'none';
  const cell: Cell = {
    ...ofTrial(trial, alone),
    setting: settingId(setting),
    learningRate,
    probe: 'prompt',
  };
  const tokens = {
    queries: digests.queries,
    context: needs === 'context' ? digests.context : null,
    demonstrations: needs === 'all' ? digests.demonstrations : null,
    measured: ACCURACY,
  };
  return address(identity, cell, tokens, { learner: identity.foreignLearners.get(id), of: ACCURACY });
}
