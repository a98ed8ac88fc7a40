import type { Tensor } from '@icl-gd/gpu-kernels';
import type { LongRunning } from './long-running.ts';
import type { Model } from './model.ts';
import { type ParameterGroup, type ParameterSpec, inGroup, parameterSpecs } from './parameters.ts';

/**
 * The model with parameters of a group replaced, in copies of their own; everything else is shared with the given model,
 * which stays as it is and must outlive the result.
 * @param group parameters stored as float32: `attention.kv` always is
 * @param change new values of a parameter from its values (float32, row-major, linear weights [out, in]); the length stays
 * @param options progress is in parameters
 * @throws the signal's reason if it is aborted; UserError (`memory-budget`) if the device has no room for the copies
 */
export async function withChangedParameters(
  model: Model,
  group: ParameterGroup,
  change: (spec: ParameterSpec, values: Float32Array) => Float32Array,
  { signal, onProgress }: LongRunning = {},
): Promise<Model> {
  signal?.throwIfAborted();
  const { gpu, config, parameters } = model;
  const changed = new Map<string, Tensor>();
  try {
    const specs = parameterSpecs(config).filter(({ name }) => inGroup(name, group));
    for (const [i, spec] of specs.entries()) {
      const values = change(spec, await gpu.read(parameters.get(spec.name)));
      changed.set(
        spec.name,
        gpu.upload(values, spec.shape, { label: `${spec.name} (changed)`, exact: true }),
      );
      signal?.throwIfAborted();
      onProgress?.({ finished: i + 1, total: specs.length });
    }
  } catch (error) {
    for (const tensor of changed.values()) tensor.dispose();
    throw error;
  }
  return model.withParameters(parameters.overlay(changed));
}
