import type { Tensor } from '@icl-gd/gpu-kernels';
import type { Model } from './model.ts';
import { type ParameterGroup, inGroup, parameterSpecs } from './parameters.ts';

/**
 * Copies of a group's parameters by name, owned by the caller.
 * @param purpose follows the parameters' names in errors
 * @throws UserError (`memory-budget`) if the device has no room for them; RangeError if one is stored as float16
 */
export function copyGroup(
  { gpu, config, parameters }: Model,
  group: ParameterGroup,
  purpose: string,
): Map<string, Tensor> {
  const copies = new Map<string, Tensor>();
  try {
    for (const { name, shape } of parameterSpecs(config)) {
      if (!inGroup(name, group)) continue;
      const copy = gpu.tensor(shape, { label: `${name} (${purpose})`, exact: true });
      copies.set(name, copy);
      gpu.copy(parameters.get(name), copy);
    }
  } catch (error) {
    for (const copy of copies.values()) copy.dispose();
    throw error;
  }
  return copies;
}
