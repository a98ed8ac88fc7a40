import { join } from 'node:path';
import type { FloatDType } from './checkpoint/dtype.ts';
import { writeSafetensors } from './checkpoint/write-safetensors.ts';
import type { ParameterSource } from './families/family.ts';
import { familyOf } from './families/registry.ts';
import { writeWhole } from './files/whole-file.ts';
import type { LongRunning } from './long-running.ts';
import { checkConfig, parameterSpecs } from './parameters.ts';
import { elementCount } from './shape.ts';

const CHUNK = 1 << 20;
/** As GPT-like models are initialised. */
const DEVIATION = 0.02;

/**
 * Writes config.json and model.safetensors of a model of any size with uniformly random weights (standard deviation 0.02,
 * norms 1), chunk by chunk: for measurements and tests of large models (for a model to be studied: `writeNewModel`). The
 * same configuration, seed and dtype give the same bytes.
 * @param json contents of config.json
 * @param options progress is in bytes of weights
 * @throws the signal's reason if it is aborted; UserError if no family reads the configuration, or a file cannot be written
 */
export async function writeRandomCheckpoint(
  directory: string,
  json: Readonly<Record<string, unknown>>,
  { seed, dtype, ...options }: { readonly seed: number; readonly dtype: FloatDType } & LongRunning,
): Promise<void> {
  options.signal?.throwIfAborted();
  const file = join(directory, 'config.json');
  const family = familyOf(json, file);
  const config = checkConfig(family.readConfig(json, file), file);
  const sources = family.sources(config);
  const tensors = new Map<string, { source: ParameterSource; constant: number | undefined }>();
  for (const { name, role, kind } of parameterSpecs(config)) {
    const source = sources.get(name);
    if (!source) continue;
    const constant = role === 'norm' ? Number(kind === 'weight') : undefined;
    tensors.set(source.tensors[0] as string, { source, constant });
  }
  await writeWhole(file, `${JSON.stringify(json, null, 2)}\n`);
  await writeSafetensors(
    join(directory, 'model.safetensors'),
    [...tensors].map(([name, { source, constant }], index) => {
      const { shape } = source;
      const data = (): Iterable<Float32Array> => randomChunks(shape, constant, seed * 65_537 + index);
      return { name, shape, dtype, data };
    }),
    { format: 'pt' },
    options,
  );
}

function* randomChunks(
  shape: readonly number[],
  constant: number | undefined,
  seed: number,
): Generator<Float32Array> {
  const length = elementCount(shape);
  const scale = (2 * Math.sqrt(3) * DEVIATION) / 2 ** 32;
  // splitmix32: seconds for a billion values, where numpy's generators take minutes.
  let state = mix(seed);
  for (let start = 0; start < length; start += CHUNK) {
    const values = new Float32Array(Math.min(CHUNK, length - start));
    if (constant !== undefined) values.fill(constant);
    else {
      for (let i = 0; i < values.length; i++) {
        state = (state + 0x9e3779b9) | 0;
        values[i] = mix(state) * scale;
      }
    }
    yield values;
  }
}

/** splitmix32's output function: a bijection of 32-bit integers whose outputs look unrelated. */
function mix(state: number): number {
  let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}
