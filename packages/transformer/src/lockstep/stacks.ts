import type { Gpu, Tensor } from '@icl-gd/gpu-kernels';
import { requireTrainable } from '../copy-group.ts';
import type { Model } from '../model.ts';
import { type LayerGroup, inGroup, parameterSpecs } from '../parameters.ts';
import { tensorsByName } from '../tensors-by-name.ts';

/**
 * The parameters of a group, or of any of several, for several cells, one below the other, [C, …] by name: copies of the model's, owned by the caller.
 * @throws UserError if the device has no room for them (`memory-budget`), or one is stored as float16 (`float16-training`)
 */
export function stackGroup(
  model: Model,
  group: LayerGroup | readonly LayerGroup[],
  cells: number,
): Map<string, Tensor> {
  const { gpu, config, parameters } = model;
  const groups = [group].flat();
  return tensorsByName((stacks) => {
    for (const { name } of parameterSpecs(config)) {
      if (!groups.some((own) => inGroup(name, own))) continue;
      const source = parameters.get(name);
      requireTrainable(name, source, 'fine-tuned');
      addStack(gpu, stacks, { name, purpose: 'in lockstep', sources: Array<Tensor>(cells).fill(source) });
    }
  });
}

/** Adds copies of parameters of one name, one below the other, [C, …]. */
export function addStack(
  gpu: Gpu,
  stacks: Map<string, Tensor>,
  {
    name,
    purpose,
    sources,
  }: { readonly name: string; readonly purpose: string; readonly sources: readonly Tensor[] },
): void {
  const shape = [sources.length, ...(sources[0]?.shape ?? [])];
  const stack = gpu.tensor(shape, { label: `${name} (${purpose})`, exact: true });
  stacks.set(name, stack);
  for (const [cell, source] of sources.entries())
    gpu.copy(source, stack, source.length, 0, cell * source.length);
}

/**
 * Takes stacks apart, parameter by parameter, so that one of them at most is there twice; they are disposed.
 * @returns a model for each cell that owns its copies and shares the rest with the given one
 * @throws UserError (`memory-budget`) if the device has no room
 */
export function unstack(model: Model, stacks: ReadonlyMap<string, Tensor>, cells: number): Model[] {
  const { gpu, parameters } = model;
  const copies = Array.from({ length: cells }, () => new Map<string, Tensor>());
  try {
    for (const [name, stack] of stacks) {
      const shape = stack.shape.slice(1);
      for (const [cell, own] of copies.entries()) {
        const copy = gpu.tensor(shape, { label: `${name} (fine-tuned)`, exact: true });
        own.set(name, copy);
        gpu.copy(stack, copy, copy.length, cell * copy.length);
      }
      stack.dispose();
    }
  } catch (error) {
    for (const own of copies) for (const copy of own.values()) copy.dispose();
    throw error;
  }
  return copies.map((own) => model.withParameters(parameters.overlay(own)));
}
