import { makeDecoder } from './decoders.ts';
import { keepsStart, makeNormalizer } from './normalizers.ts';
import { makePreTokenizer } from './pre-tokenizers.ts';

/** What happens to a text before and after the model. */
export interface Steps {
  normalize(text: string): string;
  /** Whether the normalized text counts as the beginning of the text, as far as that matters. */
  keepsStart(text: string): boolean;
  /** @param first whether the text begins where the whole text begins */
  preTokenize(text: string, first: boolean): string[];
  decode(tokens: string[]): string;
}

/** The components of a tokenizer.json that are steps. */
interface StepDefinitions {
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly decoder: unknown;
}

/**
 * The steps of a tokenizer.json, as the Rust implementation does them.
 *
 * @throws UserError naming the component or option that is not supported
 */
export function createSteps(definition: StepDefinitions, file: string): Steps {
  const { normalizer, pre_tokenizer: preTokenizer, decoder } = definition;
  const normalize = normalizer === null ? null : makeNormalizer(normalizer, { file, path: 'normalizer' });
  const cut = preTokenizer === null ? null : makePreTokenizer(preTokenizer, { file, path: 'pre_tokenizer' });
  const decode = decoder === null ? null : makeDecoder(decoder, { file, path: 'decoder' });
  return {
    normalize: (text) => normalize?.(text) ?? text,
    keepsStart: (text) => cut?.needsStart !== true || normalize === null || keepsStart(normalize, text),
    preTokenize: (text, first) => {
      const pieces = text === '' ? [] : [text];
      return cut?.(pieces, first) ?? pieces;
    },
    decode: (tokens) => decode?.(tokens).join('') ?? tokens.join(' '),
  };
}
