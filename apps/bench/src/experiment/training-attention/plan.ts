import { keepsTrainingQueries } from '@icl-gd/methods';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { type CellAddress, type RunIdentity, jointCell } from '../cell.ts';
import type { Trial } from '../plan.ts';
import type { TrialSetting } from '../trial-setting.ts';
import { trainedPlaces } from './places.ts';

/** What records of it are called, before the setting's id. */
export const TRAINING_ATTENTION = 'training-attention';

/** A learner of a trial whose inferred attention can be compared with ICL's. */
export interface TrialAttention {
  readonly setting: TrialSetting;
  /** Of the context's demonstrations in training. */
  readonly places: readonly number[];
  readonly address: CellAddress;
}

/**
 * Plans training attention of the settings that have it.
 * @param own address of a setting's record under the run's own probe token
 */
export function planAttention(
  identity: RunIdentity,
  trial: Trial,
  prepared: PreparedRun,
  { inContext, methods }: { readonly inContext: TrialSetting; readonly methods: readonly TrialSetting[] },
  own: (setting: TrialSetting) => CellAddress,
): TrialAttention[] {
  if (!identity.settings.trainingAttention) return [];
  return methods.flatMap((setting) => {
    if (!keepsTrainingQueries(setting.setting)) return [];
    const places = trainedPlaces(setting.setting, prepared);
    if ('leftOut' in places) return [];
    const members = [own(inContext), own(setting)];
    const address = jointCell(identity, trial, `${TRAINING_ATTENTION}-${setting.id}`, members);
    return [{ setting, places, address }];
  });
}
