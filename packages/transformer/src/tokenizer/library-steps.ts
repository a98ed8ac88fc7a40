import { AddedToken as LibraryToken, Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { UserError } from '../errors.ts';
import { expandByteLevel } from './byte-level.ts';
import type { TokenizerDefinition } from './definition.ts';
import { quote } from './quote.ts';

/** What happens to a text before and after the model. */
export interface Steps {
  normalize(text: string): string;
  /** @param first whether the text begins where the whole text begins */
  preTokenize(text: string, first: boolean): string[];
  decode(tokens: string[]): string;
}

/**
 * The steps as `@huggingface/tokenizers` does them.
 *
 * @throws UserError if there is one that it does not know
 */
export function createSteps(definition: TokenizerDefinition, file: string): Steps {
  const { normalizer, pre_tokenizer: split, decoder, added_tokens: added } = definition;
  try {
    const library = new LibraryTokenizer(
      {
        normalizer,
        pre_tokenizer: split === null ? null : expandByteLevel(split),
        post_processor: null,
        decoder,
        added_tokens: [],
        model: { type: 'WordPiece', vocab: {}, unk_token: '' },
      },
      { clean_up_tokenization_spaces: false },
    );
    if (library.decoder) library.decoder.added_tokens = added.map((token) => new LibraryToken(token));
    return {
      normalize: (text) => library.normalizer?.(text) ?? text,
      preTokenize: (text, first) => library.pre_tokenizer?.(text, { section_index: first ? 0 : 1 }) ?? [text],
      decode: (tokens) => library.decoder?.(tokens) ?? tokens.join(' '),
    };
  } catch (error) {
    throw new UserError(
      `${file}: no usable tokenizer: ${quote(error instanceof Error ? error.message : String(error)).slice(1, -1)}`,
    );
  }
}
