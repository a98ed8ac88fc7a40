import { UserError } from '../../errors.ts';
import { type ModelSource, placeOf } from '../../source/source.ts';
import { quote } from '../../words.ts';

/**
 * The classes of transformers that can be had here. `as it stands`: tokenizer.json is all. The others take the vocabulary
 * alone from it (or from vocab.json and merges.txt) and have steps of their own.
 */
export const REBUILDING_CLASSES = [
  'GPT2Tokenizer',
  'GPTNeoXTokenizer',
  'LlamaTokenizer',
  'CodeLlamaTokenizer',
  'Qwen2Tokenizer',
  'XGLMTokenizer',
] as const;
export type RebuildingClass = (typeof REBUILDING_CLASSES)[number];
export type TokenizerClass = RebuildingClass | 'as it stands';

/** What transformers 5.18 takes for a model type, whatever class the files name beside the ones in `ANY_CLASS`. */
const REGISTERED: ReadonlyMap<string, TokenizerClass> = new Map([
  ...['gpt2', 'opt', 'gpt_neo'].map((type) => [type, 'GPT2Tokenizer'] as const),
  ['gpt_neox', 'GPTNeoXTokenizer'],
  ['xglm', 'XGLMTokenizer'],
  ['qwen2', 'Qwen2Tokenizer'],
  ['qwen3', 'Qwen2Tokenizer'],
  ['mistral', 'as it stands'],
]);
/** For these the registered class counts, since too many repositories name a wrong one. */
const REGISTERED_COUNTS = new Set(['qwen2', 'mistral']);
const GENERIC = new Set(['PreTrainedTokenizer', 'TokenizersBackend', 'PythonBackend', 'BloomTokenizer']);
/** Repositories whose tokenizer.json transformers takes as it stands. */
const AS_IT_STANDS = /^deepseek-ai\/deepseek-(?:r1-distill-llama-|coder-)/;

/** Whether the class follows from the model type alone. */
export function isClassFixed(modelType: string | undefined): boolean {
  return REGISTERED_COUNTS.has(modelType ?? '');
}

export interface ClassSource {
  /** config.json's model_type. */
  readonly modelType: string | undefined;
  /** tokenizer_class of tokenizer_config.json, or else of config.json, with the file that has it. */
  readonly named: { readonly name: string; readonly file: string } | undefined;
  /** The hub's id of the model, in small letters, if it is known. */
  readonly repository: string | undefined;
}

function isRebuilding(name: string): name is RebuildingClass {
  return (REBUILDING_CLASSES as readonly string[]).includes(name);
}

/** The hub's id of a source's model in small letters: a directory of the hub's cache is named after it. */
export function repositoryOf(source: ModelSource): string | undefined {
  const match = /models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]/.exec(placeOf(source, ''));
  return (source.hubId ?? (match ? `${match[1]}/${match[2]}` : undefined))?.toLowerCase();
}

/**
 * The class that AutoTokenizer of transformers 5.18 loads.
 *
 * @throws UserError if it is one that is not known here
 */
export function tokenizerClassOf({ modelType, named, repository }: ClassSource): TokenizerClass {
  if (AS_IT_STANDS.test(repository ?? '')) return 'as it stands';
  const registered = REGISTERED.get(modelType ?? '');
  if (registered !== undefined && (named === undefined || isClassFixed(modelType))) return registered;
  if (named === undefined) return 'as it stands';
  const name = named.name.replace(/Fast$/, '');
  if (GENERIC.has(name)) return 'as it stands';
  if (isRebuilding(name)) return name;
  throw new UserError(
    `${named.file}: tokenizer_class ${quote(named.name)} is not supported; if tokenizer.json is all that there is to it, write "PreTrainedTokenizerFast"`,
  );
}
