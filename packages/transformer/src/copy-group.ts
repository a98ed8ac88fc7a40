import type { Tensor } from '@icl-gd/gpu-kernels';
import { UserError } from './errors.ts';
import type { Model } from './model.ts';
import { type ParameterGroup, inGroup, parameterSpecs } from './parameters.ts';
import { tensorsByName } from './tensors-by-name.ts';

/**
 * Copies of a group's parameters by name, owned by the caller.
 * @param purpose follows the parameters' names in errors
 * @throws UserError if the device has no room for them (`memory-budget`), or one is stored as float16 (`float16-training`)
 */
export function copyGroup(
  { gpu, config, parameters }: Model,
  group: ParameterGroup,
  purpose: string,
): Map<string, Tensor> {
  return tensorsByName((copies) => {
    for (const { name, shape } of parameterSpecs(config)) {
      if (!inGroup(name, group)) continue;
      requireTrainable(name, parameters.get(name), purpose);
      const copy = gpu.tensor(shape, { label: `${name} (${purpose})`, exact: true });
      copies.set(name, copy);
      gpu.copy(parameters.get(name), copy);
    }
  });
}

/**
 * The same model with copies of what it does not share with its base: each may be disposed without the other.
 * @throws UserError (`memory-budget`) if the device has no room
 */
export function copyOfOwn(model: Model): Model {
  const { gpu, parameters } = model;
  const { base, replacements } = parameters.foundation;
  const own = tensorsByName((copies) => {
    for (const [name, { after }] of replacements) {
      const copy = gpu.tensor(after.shape, { label: `${name} (a copy)`, dtype: after.dtype, exact: true });
      copies.set(name, copy);
      gpu.copy(after, copy);
    }
  });
  return model.withParameters((base ?? parameters).overlay(own));
}

/** @throws UserError (`float16-training`) for a parameter that is stored as float16 */
export function requireTrainable(name: string, { dtype }: Tensor, purpose: string): void {
  if (dtype === 'float32') return;
  throw new UserError(
    `${name} is stored as float16, and what is ${purpose} must be float32`,
    'float16-training',
  );
}
