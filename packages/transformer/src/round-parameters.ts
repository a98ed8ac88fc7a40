import { roundToHalf } from '@icl-gd/gpu-kernels';
import { copyGroup } from './copy-group.ts';
import type { Model } from './model.ts';
import type { LayerGroup } from './parameters.ts';

/**
 * The model with a group's parameters rounded to what float16 can hold, in float32 copies. It shares everything else with
 * the given model, which is not changed and must outlive it.
 * @throws UserError if the device has no room for the copies (`memory-budget`), or they are stored as float16 on it
 *   (`float16-training`)
 */
export function withHalfParameters(model: Model, group: LayerGroup): Model {
  const rounded = copyGroup(model, group, 'rounded to float16');
  for (const copy of rounded.values()) roundToHalf(model.gpu, copy);
  return model.withParameters(model.parameters.overlay(rounded));
}
