import { type LearnerSetting, settingId } from '@icl-gd/methods';
import { type Cell, type CellAddress, type PreparedDigests, type RunIdentity, address } from './cell.ts';
import type { Trial } from './plan.ts';

/** What a record is of that holds no more than an accuracy. */
const ACCURACY = 'accuracy';

/**
 * The accuracy alone of a learner that has taken in a trial's demonstrations, without probes.
 * @param learningRate null for one that takes none
 */
export function accuracyCell(
  identity: RunIdentity,
  trial: Pick<Trial, 'variant' | 'dataset' | 'seed' | 'permutation'>,
  digests: PreparedDigests,
  setting: LearnerSetting,
  learningRate: number | null,
): CellAddress {
  const { id, needs } = setting.learner;
  const alone = needs === 'none';
  const cell: Cell = {
    variant: trial.variant,
    dataset: trial.dataset,
    seed: alone ? null : trial.seed,
    permutation: alone ? null : trial.permutation,
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
