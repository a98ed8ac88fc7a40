import { UserError } from '@icl-gd/transformer';
import type { z } from 'zod';
import type { CellAddress } from '../cell.ts';
import type { RecordStore } from '../record-store.ts';
import type { TrialPlan } from '../trial-plan.ts';
import { type TrainingMeasures, trainedCell, trainedSettings, weightPairsCell } from './cells.ts';
import {
  type GradientNormsRecord,
  type PrecisionRecord,
  type WeightPairsRecord,
  gradientNormsRecord,
  precisionRecord,
  weightPairsRecord,
} from './training-record.ts';

/** What was measured of a trial's trainings. */
export interface MeasuredTraining {
  /** By setting, then by layer. */
  readonly precision: ReadonlyMap<string, PrecisionRecord['precision']>;
  /** Cosines of weight changes, in the order of the settings. */
  readonly pairs: WeightPairsRecord['pairs'];
  /** By setting: the first and the last step. */
  readonly gradientNorms: ReadonlyMap<string, GradientNormsRecord['steps']>;
}

/**
 * Brings together what is on record of a trial's trainings.
 * @param finished ids of the settings that did not diverge
 * @param required whether all of it must be there, as of a trial that was just computed
 * @throws UserError if something that is required has gone
 */
export async function readTraining(
  store: RecordStore,
  plan: TrialPlan,
  finished: readonly string[],
  { weightChanges, gradientNorms, required }: TrainingMeasures & { readonly required: boolean },
): Promise<MeasuredTraining> {
  const read = async <T>(address: CellAddress, schema: z.ZodType<T>): Promise<T | undefined> => {
    const record = await store.read(address, schema);
    if (record === undefined && required)
      throw new UserError(
        `the record ${address.title}-${address.key} has gone while the tables were written`,
      );
    return record;
  };
  const settings = trainedSettings(plan).filter(({ id }) => finished.includes(id));
  const precision = new Map<string, PrecisionRecord['precision']>();
  const norms = new Map<string, GradientNormsRecord['steps']>();
  for (const setting of settings) {
    const own = weightChanges && (await read(trainedCell(setting, 'weights'), precisionRecord));
    if (own) precision.set(setting.id, own.precision);
    const steps = gradientNorms && (await read(trainedCell(setting, 'gradient-norms'), gradientNormsRecord));
    if (steps) norms.set(setting.id, steps.steps);
  }
  const pairs =
    weightChanges && settings.length > 1
      ? await read(weightPairsCell(settings), weightPairsRecord)
      : undefined;
  const place = new Map(settings.map(({ id }, i) => [id, i]));
  return { precision, pairs: inOrder(pairs?.pairs ?? [], place), gradientNorms: norms };
}

/** The record may be of a run that named the settings in another order. */
function inOrder(
  pairs: WeightPairsRecord['pairs'],
  place: ReadonlyMap<string, number>,
): WeightPairsRecord['pairs'] {
  const at = (id: string): number => place.get(id) ?? -1;
  return pairs
    .map(({ ids, values }) => ({ ids: ids.toSorted((a, b) => at(a) - at(b)) as typeof ids, values }))
    .toSorted((a, b) => at(a.ids[0]) - at(b.ids[0]) || at(a.ids[1]) - at(b.ids[1]));
}
