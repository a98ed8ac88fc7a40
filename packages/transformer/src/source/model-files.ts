import { ADAPTER_FILES, WEIGHT_ENTRIES } from '../checkpoint/weight-files.ts';
import { CONFIG_FILE, TOKENIZER_FILES } from '../hub/choose-files.ts';

/** Every name that a model's files may have, shards aside: what is asked for where files cannot be listed. */
export const MODEL_FILES: readonly string[] = [
  CONFIG_FILE,
  ...TOKENIZER_FILES,
  ...WEIGHT_ENTRIES,
  ...ADAPTER_FILES,
];
