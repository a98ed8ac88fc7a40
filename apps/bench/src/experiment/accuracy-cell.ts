import { draws, needsOf } from '@icl-gd/methods';
import {
  type Cell,
  type CellAddress,
  type DemonstratedTrial,
  type PreparedDigests,
  type RunIdentity,
  address,
  ofTrial,
} from './cell.ts';
import { type RunSetting, runSettingId } from './setting.ts';

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
  setting: RunSetting,
  learningRate: number | null,
): CellAddress {
  const needs = needsOf(setting);
  const { rate: _, ...recorded } = setting;
  const alone = needs === 'none' && !draws(setting);
  const cell: Cell = {
    ...ofTrial(identity.settings, trial, alone),
    setting: runSettingId(recorded),
    learningRate,
    probe: 'prompt',
  };
  const tokens = {
    queries: digests.queries,
    context: needs === 'context' ? (digests.ownContext ?? digests.context) : null,
    demonstrations: needs === 'all' ? digests.demonstrations : null,
    measured: ACCURACY,
  };
  return address(identity, cell, tokens, {
    learner: identity.foreignLearners.get(setting.learner.id),
    of: ACCURACY,
  });
}
