import { rustComponents } from './rust-tokenizer.ts';

export const ALL_CHARACTERS: readonly string[] = (() => {
  const all: string[] = [];
  for (let point = 0; point < 0x110000; point++) {
    if (point < 0xd800 || point > 0xdfff) all.push(String.fromCodePoint(point));
  }
  return all;
})();

const CHUNK = 20_000;
// No normalizer or pre-tokenizer asked here treats it in a way of its own.
const SEPARATOR = '\u{2581}';

/** What a normalizer of the Rust implementation makes of every character, each between `before` and `after`. */
export function eachNormalized(normalizer: object, before = '', after = ''): Map<string, string> {
  const { normalize } = rustComponents({ normalizer });
  const result = new Map<string, string>();
  for (let i = 0; i < ALL_CHARACTERS.length; i += CHUNK) {
    const chunk = ALL_CHARACTERS.slice(i, i + CHUNK).filter((character) => character !== SEPARATOR);
    const text = chunk.map((character) => before + character + after).join(SEPARATOR);
    const parts = normalize(text).split(SEPARATOR);
    if (parts.length !== chunk.length) throw new Error('something else becomes the separator');
    for (const [k, character] of chunk.entries()) result.set(character, parts[k]!);
  }
  return result.set(SEPARATOR, normalize(before + SEPARATOR + after));
}

/** The pieces into which a pre-tokenizer of the Rust implementation cuts `x<character>x`. */
export function eachPreTokenized(preTokenizer: object): Map<string, string[]> {
  const { preTokenize } = rustComponents({ pre_tokenizer: preTokenizer });
  return new Map(ALL_CHARACTERS.map((character) => [character, preTokenize(`x${character}x`)]));
}
