import { z } from 'zod';
import type { RotaryRescaling } from '../config.ts';
import { isJsonObject } from '../checkpoint/json-file.ts';
import { UserError } from '../errors.ts';
import { quote } from '../words.ts';
import { parseConfig, positiveInteger } from './schema.ts';

const positive = z.number().positive();
const settings = z.looseObject({
  rope_type: z.string().nullish(),
  /** The older name of `rope_type`. */
  type: z.string().nullish(),
  rope_theta: positive.nullish(),
  partial_rotary_factor: positive.max(1).nullish(),
});

/** Rotary positions in config.json: older files have keys of their own, newer ones `rope_parameters`. */
export const rescalingSchema = {
  original_max_position_embeddings: positiveInteger.nullish(),
  rope_scaling: settings.nullish(),
  rope_parameters: settings.nullish(),
};

/** The same, where theta and the rotated share may stand outside under these names. */
export const ropeSchema = {
  ...rescalingSchema,
  rope_theta: positive.nullish(),
  partial_rotary_factor: positive.max(1).nullish(),
};

type RopeKeys = z.infer<z.ZodObject<typeof ropeSchema>> & { readonly max_position_embeddings: number };

/** What config.json says of rotary positions. */
export interface Rope {
  readonly theta?: number;
  /** Share of each head's coordinates that is rotated. */
  readonly fraction?: number;
  /** To be spread into a rotary `PositionConfig`. */
  readonly rescaling: { readonly rescaling?: RotaryRescaling };
}

/**
 * Where both are given, `rope_scaling` stands before `rope_parameters` unless it is empty, and what stands in either before
 * the key of the same name outside, as in Hugging Face's own reading.
 *
 * @throws UserError for a kind of rescaled positions that is not known, or that lacks a number
 */
export function readRope(config: RopeKeys, file: string): Rope {
  const key = settingsKey(config);
  const inner = config[key] ?? {};
  const nested = Object.keys(inner).find((name) => isJsonObject(inner[name]));
  if (nested !== undefined)
    throw new UserError(
      `${file}: ${key}.${nested}: positions that differ by kind of layer are not supported`,
    );
  const theta = inner.rope_theta ?? config.rope_theta;
  const fraction = inner.partial_rotary_factor ?? config.partial_rotary_factor;
  const rescaling = readRescaling(inner, config, `${file}: ${key}`);
  return {
    ...(theta ? { theta } : {}),
    ...(fraction ? { fraction } : {}),
    rescaling: rescaling ? { rescaling } : {},
  };
}

/** Where the settings of rotary positions stand: an empty `rope_scaling` counts as none. */
function settingsKey({
  rope_scaling: older,
}: {
  readonly rope_scaling?: object | null | undefined;
}): 'rope_scaling' | 'rope_parameters' {
  return older && Object.keys(older).length > 0 ? 'rope_scaling' : 'rope_parameters';
}

/** Keys of the settings that their kind does not have, with the name of the key that the settings stand under. */
export function unknownRopeKeys(config: Readonly<Record<string, unknown>>): string[] {
  const key = settingsKey(config as { readonly rope_scaling?: object | null });
  const inner = config[key];
  if (!isJsonObject(inner)) return [];
  const kind = inner['rope_type'] ?? inner['type'] ?? 'default';
  const known = [...Object.keys(settings.shape), ...Object.keys(KINDS.get(kind)?.shape ?? {})];
  return Object.keys(inner)
    .filter((name) => !known.includes(name))
    .map((name) => `${key}.${name}`);
}

const linear = z.looseObject({ factor: positive });
const llama3 = z.looseObject({
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: positiveInteger.nullish(),
});
const yarn = z.looseObject({
  factor: positive.nullish(),
  original_max_position_embeddings: positiveInteger.nullish(),
  attention_factor: positive.nullish(),
  beta_fast: positive.nullish(),
  beta_slow: positive.nullish(),
  mscale: z.number().nonnegative().nullish(),
  mscale_all_dim: z.number().nonnegative().nullish(),
  truncate: z.boolean().nullish(),
});

/** What each kind of rescaled positions reads besides the settings of all. */
const KINDS: ReadonlyMap<unknown, { readonly shape: object }> = new Map<unknown, { readonly shape: object }>([
  ['linear', linear],
  ['dynamic', linear],
  ['llama3', llama3],
  ['yarn', yarn],
]);

function readRescaling(
  inner: z.infer<typeof settings>,
  config: RopeKeys,
  where: string,
): RotaryRescaling | undefined {
  const kind = inner.rope_type ?? inner.type ?? 'default';
  const originalOf = (own: number | null | undefined): number =>
    config.original_max_position_embeddings ?? own ?? config.max_position_embeddings;
  // Dynamic rescaling sets in past max_position_embeddings, which no sequence here exceeds.
  if (kind === 'default' || kind === 'dynamic') return undefined;
  if (kind === 'linear') return { kind, factor: parseConfig(linear, inner, where).factor };
  if (kind === 'llama3') {
    const own = parseConfig(llama3, inner, where);
    const [low, high] = [own.low_freq_factor, own.high_freq_factor];
    if (low >= high)
      throw new UserError(`${where}.low_freq_factor ${low} is not below high_freq_factor ${high}`);
    return {
      kind,
      factor: own.factor,
      originalContext: originalOf(own.original_max_position_embeddings),
      lowFrequencyFactor: low,
      highFrequencyFactor: high,
    };
  }
  if (kind === 'yarn') {
    const own = parseConfig(yarn, inner, where);
    const originalContext = originalOf(own.original_max_position_embeddings);
    if (own.factor === undefined && own.original_max_position_embeddings === undefined)
      throw new UserError(`${where}: factor is missing`);
    const factor = own.factor ?? config.max_position_embeddings / originalContext;
    return {
      kind,
      factor,
      originalContext,
      betaFast: own.beta_fast ?? 32,
      betaSlow: own.beta_slow ?? 1,
      truncate: own.truncate === undefined || own.truncate === true,
      amplitude: own.attention_factor ?? yarnAmplitude(factor, own.mscale, own.mscale_all_dim),
    };
  }
  throw new UserError(
    `${where}: positions of type ${quote(kind)} are not supported; known: default, linear, dynamic, llama3, yarn`,
  );
}

/** YaRN's attention temperature where config.json gives none; models with both `mscale`s want their quotient. */
function yarnAmplitude(
  factor: number,
  scale: number | null | undefined,
  allDim: number | null | undefined,
): number {
  const at = (multiplier: number): number => (factor <= 1 ? 1 : 0.1 * multiplier * Math.log(factor) + 1);
  return scale && allDim ? at(scale) / at(allDim) : at(1);
}
