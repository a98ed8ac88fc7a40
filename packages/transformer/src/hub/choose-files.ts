import { ADAPTER_FILES, WEIGHT_ENTRIES, insteadOfWeights } from '../checkpoint/weight-files.ts';
import { UserError } from '../errors.ts';

export const CONFIG_FILE = 'config.json';
export const TOKENIZER_SETTINGS = 'tokenizer_config.json';
const TOKENIZERS = [['tokenizer.json'], ['vocab.json', 'merges.txt']];
const BESIDE_TOKENIZER = [TOKENIZER_SETTINGS, 'special_tokens_map.json', 'added_tokens.json'];
/** All that may belong to a tokenizer. */
export const TOKENIZER_FILES: readonly string[] = [...TOKENIZERS.flat(), ...BESIDE_TOKENIZER];

/**
 * The files of the tokenizer that is loaded from a directory with these files, with those beside it that count; none if
 * there is no tokenizer.
 */
export function tokenizerFiles(has: (file: string) => boolean): readonly string[] {
  const tokenizer = TOKENIZERS.find((files) => files.every(has));
  return tokenizer ? [...tokenizer, ...BESIDE_TOKENIZER.filter(has)] : [];
}

/** Which file leads to the weights: themselves, or the index of their shards. The same order as `Checkpoint.open`. */
export function weightsEntry(has: (file: string) => boolean): string | undefined {
  return WEIGHT_ENTRIES.find(has);
}

/**
 * What is fetched of a repository before any shard: configuration, tokenizer, and the weights or their index.
 * @throws UserError if the repository has no model that can be loaded
 */
export function chooseFiles(files: ReadonlyMap<string, unknown>, id: string): string[] {
  const has = (file: string): boolean => files.has(file);
  if (!has(CONFIG_FILE)) {
    const what = ADAPTER_FILES.some(has) ? insteadOfWeights(files.keys()) : 'it is not a transformers model';
    throw new UserError(`${id}: the repository has no ${CONFIG_FILE}; ${what}`, 'file-missing');
  }
  const weights = weightsEntry(has);
  if (weights === undefined) {
    throw new UserError(
      `${id}: the repository has none of ${WEIGHT_ENTRIES.join(', ')}; ${insteadOfWeights(files.keys())}, or choose a revision that has them`,
      'file-missing',
    );
  }
  return [CONFIG_FILE, ...tokenizerFiles(has), weights];
}
