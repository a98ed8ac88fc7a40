import { Pcg64 } from '../../random/pcg64.ts';

// Characters of one to four bytes, some of them in no vocabulary, and texts that tokenizers have as tokens.
const KNOWN = ['a', 'b', 'c', '\u00e9', '\u2581', '\u{1f642}', ' '];
const UNKNOWN = ['x', '\u00fc', '\u4e2d', '\u{1f469}', '\n'];
const WHOLE = ['<unk>', '<0x41>', '__proto__', 'constructor'];

const pick = <T>(random: Pcg64, from: readonly T[]): T => from[random.integers(0, from.length)]!;

/** Texts of up to 12 characters, most of them known to the vocabularies of `randomVocabulary`. The same seed gives the same. */
export function textsOfVocabulary(count: number, seed: number): string[] {
  const random = new Pcg64(seed);
  const character = (): string => {
    const kind = random.random();
    return pick(random, kind < 0.85 ? KNOWN : kind < 0.95 ? UNKNOWN : WHOLE);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: random.integers(1, 13) }, character).join(''),
  );
}

/** The tokens of a byte-level fallback, but for those in `without`. */
export function byteTokenNames(without: readonly number[] = []): string[] {
  return Array.from({ length: 256 }, (_, byte) => byte)
    .filter((byte) => !without.includes(byte))
    .map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
}

/** Pieces of two to four known characters. */
export function randomPieces(count: number, seed: number): string[] {
  const random = new Pcg64(seed);
  const pieces = Array.from({ length: count }, () =>
    Array.from({ length: random.integers(2, 5) }, () => pick(random, KNOWN)).join(''),
  );
  return [...new Set(pieces)];
}

export const KNOWN_CHARACTERS: readonly string[] = KNOWN;
export const WHOLE_TOKENS: readonly string[] = WHOLE;

/**
 * A BPE vocabulary with its merges, in which pairs compete, come twice, and different pairs give the same token.
 *
 * @param prefix of every token that does not begin a word
 * @param suffix of every token that ends one
 */
export function randomMerges(
  count: number,
  { seed, prefix, suffix }: { seed: number; prefix: string; suffix: string },
): { vocabulary: string[]; merges: [string, string][] } {
  const random = new Pcg64(seed);
  const starts = (text: string): boolean => prefix === '' || !text.startsWith(prefix);
  const ends = (text: string): boolean => suffix !== '' && text.endsWith(suffix);
  const forms = KNOWN.flatMap((character) => [
    character,
    `${prefix}${character}`,
    `${character}${suffix}`,
    `${prefix}${character}${suffix}`,
  ]);
  const tokens = new Set(forms);
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const all = [...tokens];
    const [left, right] = [pick(random, all), pick(random, all)];
    const whole = left + right.slice(prefix.length);
    if (ends(left) || (prefix !== '' && starts(right)) || [...whole].length > 8) continue;
    tokens.add(whole);
    merges.push([left, right]);
  }
  return { vocabulary: [...tokens], merges };
}
