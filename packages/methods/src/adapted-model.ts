import { type Model, withHalfParameters } from '@icl-gd/transformer';
import type { AdaptOptions, AdaptedModel } from './learner.ts';
import { probesOf } from './probe-queries.ts';

/**
 * What a learner that changes weights gives: probes of the changed model, rounded to float16 first where that is asked for.
 * @param changed shares with its base what it does not change; disposed with the result
 * @param training one entry a step, of learners that train
 */
export function adaptedModel(
  changed: Model,
  { halfWeights = false }: Pick<AdaptOptions, 'halfWeights'>,
  training?: AdaptedModel['training'],
): AdaptedModel {
  const probed = halfWeights ? withHalfParameters(changed, 'attention.kv') : changed;
  return {
    ...(training ? { training } : {}),
    ...probesOf(probed),
    dispose: () => {
      if (probed !== changed) probed.dispose();
      changed.dispose();
    },
  };
}
