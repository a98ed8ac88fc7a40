import { type Tensor, roundToHalf } from '@icl-gd/gpu-kernels';
import type { Model } from './model.ts';
import { inGroup, parameterSpecs } from './parameters.ts';

/**
 * The model with a group's parameters rounded to what float16 can hold, in copies of their own; everything else is
 * shared with the given model, which stays as it is and must outlive this one.
 */
export function withHalfParameters(model: Model, group: 'attention.kv'): Model {
  const { gpu, config, parameters } = model;
  const rounded = new Map<string, Tensor>();
  for (const { name, shape } of parameterSpecs(config)) {
    if (!inGroup(name, group)) continue;
    const copy = gpu.tensor(shape, { label: `${name} (float16)`, exact: true });
    gpu.copy(parameters.get(name), copy);
    roundToHalf(gpu, copy);
    rounded.set(name, copy);
  }
  return model.withParameters(parameters.overlay(rounded));
}
