import type { LongRunning } from './long-running.ts';
import type { Model } from './model.ts';
import { inLayer, parameterSpecs } from './parameters.ts';

/** A parameter before and after it was changed. */
export interface ParameterChange {
  /** As `parameterSpecs` names it. */
  readonly name: string;
  /** Linear weights [out, in], biases and norms [out]. */
  readonly shape: readonly number[];
  /** float32, row-major, of the model that was changed. */
  readonly before: Float32Array;
  /** float32, row-major. */
  readonly after: Float32Array;
}

/**
 * Reads what a model that was made from another has of its own in a layer: the copies that `FineTuning` and
 * `withChangedParameters` make.
 * @param layer from 0
 * @param options the signal is looked at before each parameter
 * @returns in the order of `parameterSpecs`; none of a model as it was loaded
 * @throws the signal's reason if it is aborted; RangeError for a layer that the model has not, or if it was disposed; Error if
 *   the device failed
 */
export async function parameterChanges(
  model: Model,
  layer: number,
  { signal }: Pick<LongRunning, 'signal'> = {},
): Promise<ParameterChange[]> {
  if (model.disposed) throw new RangeError(`model ${model.name} was disposed`);
  const { gpu, config, parameters } = model;
  if (!Number.isInteger(layer) || layer < 0 || layer >= config.layers)
    throw new RangeError(`layer ${layer} of ${model.name}, which has ${config.layers}`);
  const { replacements } = parameters;
  const changes: ParameterChange[] = [];
  for (const { name, shape } of parameterSpecs(config)) {
    const tensors = inLayer(name, layer) ? replacements.get(name) : undefined;
    if (!tensors) continue;
    signal?.throwIfAborted();
    const before = await gpu.read(tensors.before);
    changes.push({ name, shape, before, after: await gpu.read(tensors.after) });
  }
  return changes;
}
