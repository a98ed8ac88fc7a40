import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { checkConfig, parameterSpecs } from '../parameters.ts';
import { referenceLoss } from '../testing/reference-decoder.ts';
import { type ParameterSource, outputRanges } from './family.ts';
import { HARMLESS, keyWarnings } from './keys.ts';
import { familyOf } from './registry.ts';

type Json = Readonly<Record<string, unknown>>;
/** A model, and what Hugging Face's transformers makes of it with one key of config.json changed. */
interface Sweep {
  readonly config: Json;
  /** Mean negative log-likelihood in nats of the tokens behind the first, in float64. */
  readonly loss: number;
  /** Key, number of the value in `values`, loss: the values that change the loss. */
  readonly changes: readonly (readonly [string, number, number])[];
  /** Values that it refuses. All others leave the loss as it is. */
  readonly errors: readonly (readonly [string, number])[];
  /** Loss without a key of `config`; null where that is refused. */
  readonly absent: readonly (readonly [string, number | null])[];
}
const GOLDEN = JSON.parse(readFileSync(join(import.meta.dirname, '../testing/config-keys.json'), 'utf8')) as {
  readonly tokens: readonly number[];
  readonly values: Readonly<Record<string, readonly unknown[]>>;
  readonly models: Readonly<Record<string, Sweep>>;
};
const FILE = 'config.json';
/** Hugging Face computes sines and cosines of positions in float32, and the losses have six decimals. */
const TOLERANCE = 1e-5;

describe.each(Object.entries(GOLDEN.models))('%s', (_, sweep) => {
  const changed = new Map(sweep.changes.map(([key, i, loss]) => [`${key} ${i}`, loss]));
  const refused = new Set(sweep.errors.map(([key, i]) => `${key} ${i}`));
  const base = JSON.stringify(read(sweep.config));

  it('has the loss of transformers', () => {
    expect(Math.abs(loss(sweep.config) - sweep.loss)).toBeLessThan(TOLERANCE);
  });

  it('with any key changed has the loss of transformers, or is refused', () => {
    const faults: unknown[] = [];
    for (const [key, values] of Object.entries(GOLDEN.values)) {
      for (const [i, value] of values.entries()) {
        const where = `${key} ${i}`;
        if (refused.has(where)) continue;
        const expected = changed.get(where) ?? sweep.loss;
        const own = lossOrRefusal({ ...sweep.config, [key]: value }, base, sweep.loss);
        if (typeof own === 'string' ? !own.startsWith(FILE) : Math.abs(own - expected) > TOLERANCE)
          faults.push({ key, value, own, expected });
      }
    }
    expect(faults).toEqual([]);
  });

  it('without a key that has a default has the loss of transformers, or is refused', () => {
    for (const [key, expected] of sweep.absent) {
      if (expected === null) continue;
      const rest = Object.fromEntries(Object.entries(sweep.config).filter(([name]) => name !== key));
      const own = lossOrRefusal(rest, base, sweep.loss);
      if (typeof own === 'string') expect(own).toContain(FILE);
      else expect(Math.abs(own - expected), key).toBeLessThan(TOLERANCE);
    }
  });

  it('no key that changes the loss is on the list of harmless ones', () => {
    const family = familyOf(sweep.config, FILE);
    const harmless = sweep.changes.filter(([key]) => HARMLESS.has(key) && !family.keys.includes(key));
    expect(harmless).toEqual([]);
  });

  it('a key that nothing is known of is named in one line, all others in none', () => {
    const family = familyOf(sweep.config, FILE);
    expect(keyWarnings(family, sweep.config, FILE)).toEqual([]);
    const [line, ...more] = keyWarnings(family, { ...sweep.config, no_such_key: 1, nor_this: 2 }, FILE);
    expect(more).toEqual([]);
    expect(line).toMatch(
      /^config\.json: not read, as no \w+ model is known to have it: no_such_key, nor_this$/,
    );
  });
});

it('the sweep has every key that a family reads, and every key that is called harmless', () => {
  const tried = Object.keys(GOLDEN.values);
  for (const { config } of Object.values(GOLDEN.models))
    expect(tried).toEqual(expect.arrayContaining([...familyOf(config, FILE).keys]));
  expect(tried).toEqual(expect.arrayContaining([...HARMLESS]));
});

function read(json: Json): DecoderConfig {
  return checkConfig(familyOf(json, FILE).readConfig(json, FILE), FILE);
}

/** What the refusal says, or the loss; that of the unchanged model where it is the same decoder. */
function lossOrRefusal(json: Json, base: string, baseLoss: number): number | string {
  try {
    return JSON.stringify(read(json)) === base ? baseLoss : loss(json);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** Of the model whose tensors hold what {@link storedValues} gives for their names in Hugging Face's classes. */
function loss(json: Json): number {
  const config = read(json);
  const sources = familyOf(json, FILE).sources(config);
  const kept = new Map<string, Float64Array>();
  for (const { name } of parameterSpecs(config))
    kept.set(name, parameterValues(sources.get(name) as ParameterSource));
  return referenceLoss(config, (name) => kept.get(name), [GOLDEN.tokens]);
}

/** A parameter, [out, in] row-major. */
function parameterValues(source: ParameterSource): Float64Array {
  const { tensors, shape, transposed } = source;
  const stored = storedValues(
    tensors[0] === 'embed_out.weight' ? 'lm_head.weight' : String(tensors[0]),
    shape,
  );
  const outputs = transposed ? (shape.at(-1) as number) : (shape[0] as number);
  const inputs = stored.length / outputs;
  const rows = outputRanges(source).flatMap(([first, end]) =>
    Array.from({ length: end - first }, (_, row) => first + row),
  );
  return Float64Array.from(
    rows.flatMap((row) =>
      Array.from(
        { length: inputs },
        (_, i) => stored[transposed ? i * outputs + row : row * inputs + i] ?? NaN,
      ),
    ),
  );
}

/** The numbers that the models of the sweep were filled with: a hash of the tensor's name and the place in it. */
function storedValues(name: string, shape: readonly number[]): Float64Array {
  let hash = 2166136261;
  for (const code of new TextEncoder().encode(name)) hash = Math.imul(hash ^ code, 16777619);
  const isNorm = shape.length === 1 && name.endsWith('weight');
  return Float64Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => {
    let x = (Math.imul(i, 2654435761) + hash) | 0;
    for (let round = 0; round < 2; round++) x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    const value = ((x ^ (x >>> 16)) >>> 8) / 2 ** 24 - 0.5;
    return isNorm ? 1 + value / 2 : value;
  });
}
