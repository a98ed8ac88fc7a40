import { type Model, withHalfParameters } from '@icl-gd/transformer';
import type { AdaptOptions, AdaptedModel } from './learner.ts';
import { probesOf } from './probe-queries.ts';

/**
 * What a learner that changes weights gives: probes of the changed model, rounded to float16 first where that is asked for.
 * @param changed shares with its base what it does not change; disposed with the result, or if there is none
 * @param training one entry a step, of learners that train
 * @throws UserError (`memory-budget`) if the device has no room for the rounded copies
 */
export function adaptedModel(
  changed: Model,
  { halfWeights = false }: Pick<AdaptOptions, 'halfWeights'>,
  training?: AdaptedModel['training'],
): AdaptedModel {
  let probed = changed;
  try {
    if (halfWeights) probed = withHalfParameters(changed, 'attention.kv');
  } catch (error) {
    changed.dispose();
    throw error;
  }
  return {
    ...(training ? { training } : {}),
    ...probesOf(probed),
    dispose: () => {
      for (const model of new Set([probed, changed])) model.dispose();
    },
  };
}
