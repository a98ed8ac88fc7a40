import { join } from 'node:path';
import { writeSafetensors } from './checkpoint/write-safetensors.ts';
import type { DecoderConfig } from './config.ts';
import type { Family, FamilyOptions } from './families/family.ts';
import { familyOf } from './families/registry.ts';
import { writeWhole } from './files/whole-file.ts';
import { checkConfig, parameterSpecs } from './parameters.ts';
import { toCheckpointTensors } from './weights/export.ts';
import { initialParameter } from './weights/initialise.ts';

/**
 * The decoder that the contents of a config.json describe.
 * @param where the contents come from, for errors
 * @param families model types that are not built in
 * @throws UserError naming the key if no family reads them
 */
export function readModelConfig(
  json: Readonly<Record<string, unknown>>,
  where: string,
  families: readonly Family[] = [],
): DecoderConfig {
  return checkConfig(familyOf(json, where, families).readConfig(json, where), where);
}

/**
 * Writes config.json and model.safetensors (float32) in Hugging Face layout.
 * @param json contents of config.json
 * @param parameters values of every parameter by the decoder's name, [outputs, inputs] row-major
 * @param options model types that are not built in
 * @throws UserError if no family reads the configuration, a value is not finite, or a file cannot be written; RangeError if
 *   a parameter is missing
 */
export async function writeModel(
  directory: string,
  json: Readonly<Record<string, unknown>>,
  parameters: ReadonlyMap<string, Float32Array>,
  { families = [] }: FamilyOptions = {},
): Promise<void> {
  const file = join(directory, 'config.json');
  const family = familyOf(json, file, families);
  const tensors = toCheckpointTensors(family, readModelConfig(json, file, families), (name) => {
    const values = parameters.get(name);
    if (!values) throw new RangeError(`no values of ${name}`);
    return values;
  });
  await writeWhole(file, `${JSON.stringify(json, null, 2)}\n`);
  await writeSafetensors(
    join(directory, 'model.safetensors'),
    tensors.map((tensor) => ({ ...tensor, dtype: 'float32' as const })),
    { format: 'pt' },
  );
}

/**
 * Writes config.json and model.safetensors (float32) of a newly initialised model in Hugging Face layout: the variant
 * `untrained`. The same configuration and seed give the same bytes.
 * @param json contents of config.json
 * @param options model types that are not built in
 * @throws UserError if no family reads the configuration, or a file cannot be written
 */
export async function writeNewModel(
  directory: string,
  json: Readonly<Record<string, unknown>>,
  seed: number,
  { families = [] }: FamilyOptions = {},
): Promise<void> {
  const specs = parameterSpecs(readModelConfig(json, join(directory, 'config.json'), families));
  await writeModel(
    directory,
    json,
    new Map(specs.map(({ name }) => [name, initialParameter(specs, name, seed)])),
    { families },
  );
}
