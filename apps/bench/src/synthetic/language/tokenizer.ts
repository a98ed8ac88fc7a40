import { join } from 'node:path';
import { writeWhole } from '@icl-gd/transformer/files';
import { once } from '../../tasks/once.ts';
import { vocabularyWords } from './lexicon.ts';

export const BOS = '<s>';
export const EOS = '</s>';
const UNKNOWN = '<unk>';
const SPECIAL = [BOS, EOS, UNKNOWN];

/** Token ids of the language's words; `<s>` 0, `</s>` 1, `<unk>` 2. */
export const vocabulary = once(
  (): ReadonlyMap<string, number> =>
    new Map([...SPECIAL, ...vocabularyWords()].map((word, id) => [word, id])),
);

/** Writes tokenizer.json and tokenizer_config.json: whole words between spaces, as Hugging Face's WordLevel model. */
export async function writeTokenizer(directory: string): Promise<void> {
  const definition = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(vocabulary()), unk_token: UNKNOWN },
  };
  const settings = {
    bos_token: BOS,
    eos_token: EOS,
    unk_token: UNKNOWN,
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
  await writeWhole(join(directory, 'tokenizer.json'), `${JSON.stringify(definition, null, 1)}\n`);
  await writeWhole(join(directory, 'tokenizer_config.json'), `${JSON.stringify(settings, null, 2)}\n`);
}
