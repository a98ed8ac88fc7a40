import { keepsTrainingQueries } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { type RunSetting, demonstrationsFor, isLearner, runSettingId, unavailability } from '../setting.ts';

/**
 * Where a learner trains on the demonstrations that are in the context: for each, in the order of the context, its place in
 * training. Those with the same tokens are told apart by their rows.
 * @returns a reason instead where one is not trained on
 */
export function trainedPlaces(
  setting: RunSetting,
  prepared: PreparedRun,
): readonly number[] | { readonly leftOut: string } {
  const { demonstrations, context, trainRows, fineTuningRows } = prepared;
  if (unavailability(setting, prepared) !== undefined) return { leftOut: 'it cannot be made' };
  const trained = demonstrationsFor(setting, prepared);
  const texts = trained.map(({ tokens }) => tokens.join());
  const free = new Set(texts.keys());
  const places: number[] = [];
  for (const [i, { tokens }] of demonstrations.slice(0, context.demonstrations).entries()) {
    const same = [...free].filter((place) => texts[place] === tokens.join());
    const place = same.find((own) => fineTuningRows[own] === trainRows[i]) ?? same[0];
    if (place === undefined)
      return { leftOut: 'it trains on other demonstrations than those in the context' };
    free.delete(place);
    places.push(place);
  }
  return places.length === 0 ? { leftOut: 'no demonstration fits the context' } : places;
}

/** Of the learners among settings that cannot be measured so, a line each on why. */
export function leftOutOfTrainingAttention(
  settings: readonly RunSetting[],
  prepared: PreparedRun | undefined,
): string[] {
  return settings.filter(isTrained).flatMap((setting) => {
    const reason = keepsTrainingQueries(setting)
      ? prepared && leftOut(trainedPlaces(setting, prepared))
      : NO_STEPS;
    return reason === undefined
      ? []
      : [`training attention is not measured of ${runSettingId(setting)}: ${reason}`];
  });
}

/** @throws UserError if it can be measured of none of the settings */
export function requireTrainingAttention(settings: readonly RunSetting[]): void {
  if (settings.some(keepsTrainingQueries)) return;
  throw new UserError(
    `--training-attention compares ICL with learners that take one step a demonstration, such as GD and LCGD: none of --methods does (${settings.filter(isTrained).map(runSettingId).join(', ')})`,
  );
}

function isTrained(setting: RunSetting): boolean {
  return isLearner(runSettingId(setting));
}

const NO_STEPS = 'it does not take one step a demonstration';

function leftOut(places: ReturnType<typeof trainedPlaces>): string | undefined {
  return 'leftOut' in places ? places.leftOut : undefined;
}
