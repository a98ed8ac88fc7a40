import { join } from 'node:path';
import { writeSafetensors } from './checkpoint/write-safetensors.ts';
import type { FamilyOptions } from './families/family.ts';
import { familyOf } from './families/registry.ts';
import { writeWhole } from './files/whole-file.ts';
import type { LongRunning } from './long-running.ts';
import { readModelConfig } from './model-config.ts';
import { parameterSpecs } from './parameters.ts';
import { toCheckpointTensors } from './weights/export.ts';
import { initialParameter } from './weights/initialise.ts';

/** How a model is written. */
export type WriteModelOptions = LongRunning & FamilyOptions;

/**
 * Writes config.json and model.safetensors (float32) in Hugging Face layout.
 * @param json contents of config.json
 * @param parameters values of every parameter by the decoder's name, [outputs, inputs] row-major
 * @param options progress is in bytes of weights; `families` are model types that are not built in
 * @throws the signal's reason if it is aborted; UserError if no family reads the configuration, a value is not finite, or a
 *   file cannot be written; RangeError if a parameter is missing
 */
export async function writeModel(
  directory: string,
  json: Readonly<Record<string, unknown>>,
  parameters: ReadonlyMap<string, Float32Array>,
  options: WriteModelOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const file = join(directory, 'config.json');
  const family = familyOf(json, file, options.families);
  const tensors = toCheckpointTensors(family, readModelConfig(json, file, options.families), (name) => {
    const values = parameters.get(name);
    if (!values) throw new RangeError(`no values of ${name}`);
    return values;
  });
  await writeWhole(file, `${JSON.stringify(json, null, 2)}\n`);
  await writeSafetensors(
    join(directory, 'model.safetensors'),
    tensors.map((tensor) => ({ ...tensor, dtype: 'float32' as const })),
    { format: 'pt' },
    options,
  );
}

/**
 * Writes config.json and model.safetensors (float32) of a newly initialised model in Hugging Face layout: the variant
 * `untrained`. The same configuration and seed give the same bytes.
 * @param json contents of config.json
 * @param options as for {@link writeModel}
 * @throws as {@link writeModel}
 */
export async function writeNewModel(
  directory: string,
  json: Readonly<Record<string, unknown>>,
  seed: number,
  options: WriteModelOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  const specs = parameterSpecs(readModelConfig(json, join(directory, 'config.json'), options.families));
  await writeModel(
    directory,
    json,
    new Map(specs.map(({ name }) => [name, initialParameter(specs, name, seed)])),
    options,
  );
}
