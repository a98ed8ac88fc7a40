import type { DecoderConfig } from '../config.ts';

/** Where a decoder parameter lies in a checkpoint. */
export interface ParameterSource {
  /** Possible names, the first that exists is taken. */
  readonly tensors: readonly string[];
  /** Shape that the stored tensor must have. */
  readonly shape: readonly number[];
  /** The stored matrix is [in, out]: transpose it. */
  readonly transposed?: boolean;
  /** Part of the stored tensor's output dimension: [first, end). */
  readonly outputs?: readonly [number, number];
  /** The output dimension has this many equal parts, and `outputs` is taken of each: heads of a fused tensor. */
  readonly parts?: number;
}

/** Ranges [first, end) of the stored tensor's output dimension that make up a parameter, in order. */
export function outputRanges({ shape, transposed, outputs, parts = 1 }: ParameterSource): [number, number][] {
  const all = (transposed ? shape.at(-1) : shape[0]) ?? 0;
  const [first, end] = outputs ?? [0, all];
  const stride = all / parts;
  return Array.from({ length: parts }, (_, part) => [part * stride + first, part * stride + end]);
}

/** The keys of a config.json that a family reads: a zod object, of whatever copy and version of zod. */
export interface FamilyKeys<Keys> {
  /** By key; a key of config.json that is neither here nor harmless is named in a warning. */
  readonly shape: Readonly<Record<string, unknown>>;
  /** The keys, or what is wrong with them. */
  safeParse(json: unknown):
    | { readonly success: true; readonly data: Keys }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

/** Which families are read beside the built-in ones. */
export interface FamilyOptions {
  /** Model types that are not built in; see `defineFamily`. */
  readonly families?: readonly Family[];
}

/** One model family: reads its config.json and names its tensors. Everything else is the one Decoder. */
export interface Family {
  readonly modelType: string;
  readonly architecture: string;
  /** Keys of config.json that decide what the model computes. */
  readonly keys: readonly string[];
  /** Other names that Hugging Face's class takes for some of them: alias to key. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Of a family that is not built in: that it reads models of a built-in family's `model_type` in its place. No if absent. */
  readonly replacesBuiltIn?: boolean;
  /** @throws UserError naming the key of config.json that is missing, mistyped or unsupported */
  readConfig(json: unknown, file: string): DecoderConfig;
  /** Sources by decoder parameter name. */
  sources(config: DecoderConfig): ReadonlyMap<string, ParameterSource>;
}
