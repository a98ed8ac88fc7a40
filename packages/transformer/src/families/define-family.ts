import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { quote } from '../words.ts';
import type { Family, FamilyKeys, ParameterSource } from './family.ts';
import { parseConfig } from './schema.ts';
import { Sources } from './sources.ts';

/** What defines a family. */
export interface FamilyDefinition<Keys> {
  /** `model_type` of config.json. */
  readonly modelType: string;
  /** Name of the class, for people. */
  readonly architecture: string;
  /** What is read of config.json, with the defaults of the class: files leave them out. */
  readonly keys: FamilyKeys<Keys>;
  /** Other names that config.json may have for some of the keys: alias to key. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** That it reads models of a built-in family's `model_type` in its place. No if absent. */
  readonly replacesBuiltIn?: boolean;
  /**
   * The decoder that the keys describe; its `family` is the model type.
   * @throws UserError naming a key's value that the decoder cannot do; any error will do, the file's name is added
   */
  config(keys: Keys): Omit<DecoderConfig, 'family'>;
  /** What may stand before the names of tensors; the first that exists is taken. `['']` if absent. */
  readonly prefixes?: readonly string[];
  /** Says where a checkpoint has each of the decoder's parameters (`parameterSpecs` lists them). */
  sources(config: DecoderConfig, sources: Sources): void;
}

/**
 * A family that reads config.json by a schema and names the tensors of its checkpoints. Everything else is the one decoder: a
 * family is a choice of its options (`DecoderConfig`). What is Llama but for a few options is shorter with `llamaFamily`.
 */
export function defineFamily<Keys>(definition: FamilyDefinition<Keys>): Family {
  const { modelType, architecture, keys, aliases, replacesBuiltIn, prefixes = [''] } = definition;
  return {
    modelType,
    architecture,
    keys: Object.keys(keys.shape),
    ...(aliases ? { aliases } : {}),
    ...(replacesBuiltIn === undefined ? {} : { replacesBuiltIn }),
    readConfig(json, file): DecoderConfig {
      const read = parseConfig(keys, json, file);
      try {
        return { ...definition.config(read), family: modelType };
      } catch (error) {
        const reason = error instanceof Error ? error.message : quote(error);
        throw new UserError(reason.startsWith(file) ? reason : `${file}: ${reason}`);
      }
    },
    sources(config): ReadonlyMap<string, ParameterSource> {
      const sources = new Sources(prefixes);
      definition.sources(config, sources);
      return sources.map;
    },
  };
}
