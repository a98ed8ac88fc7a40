import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pcg64 } from '../../random/pcg64.ts';

const folder = join(import.meta.dirname, '../../../../../tests/fixtures/tokenizer-components');
const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));

type Kind = 'normalizer' | 'pre_tokenizer' | 'decoder';
type Ranges = readonly (readonly [first: number, last: number])[];

/** Every component with its options, classes of characters, and what texts and tokens are made of. */
export const CASES: Readonly<Record<Kind, Readonly<Record<string, { type: string }>>>> & {
  readonly every_character: Readonly<Record<'normalizer' | 'pre_tokenizer', readonly string[]>>;
  readonly class: readonly string[];
  readonly token: readonly string[];
  readonly text: {
    marks: Ranges;
    bases: Ranges;
    runs: readonly (readonly string[])[];
    letters: readonly string[];
  };
} = read('components.json');

/** Digests of what the Rust implementation gives for the texts of {@link hardTexts}. */
export const GOLDEN: Readonly<Record<string, string>> = read('golden.json');

export function digest(results: readonly unknown[]): string {
  const text = results.map((result) => `${JSON.stringify(result)}\n`).join('');
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * Texts made to be hard for normalizers and patterns: marks in any order, characters that are new to Unicode, runs, odd
 * cases. make_golden.py makes the same of the same seed.
 */
export function hardTexts(count: number, seed: number): string[] {
  const random = new Pcg64(seed);
  const { marks, bases, runs, letters } = CASES.text;
  const choose = <T>(items: readonly T[]): T => items[random.integers(0, items.length)]!;
  const within = (ranges: Ranges): string => {
    const [first, last] = choose(ranges);
    return String.fromCodePoint(first + random.integers(0, last - first + 1));
  };
  const times = (limit: number, make: () => string): string =>
    Array.from({ length: random.integers(0, limit) + 1 }, make).join('');
  const unit = (): string => {
    const kind = random.integers(0, 4);
    if (kind === 0) return within(bases) + times(3, () => within(marks));
    if (kind === 1) return choose(letters);
    if (kind === 2) return within(bases);
    const run = choose(runs);
    return times(6, () => choose(run));
  };
  return Array.from({ length: count }, () => times(10, unit));
}

/** The texts in pieces of up to three characters, with tokens between that decoders treat in ways of their own. */
export function tokenLists(texts: readonly string[]): string[][] {
  return texts.map((text, number) => {
    const letters = [...text];
    const tokens: string[] = [];
    for (let i = 0; i < letters.length; i += 3) {
      tokens.push(letters.slice(i, i + 3).join(''));
      // One to three in a row, so that bytes make characters.
      for (let k = 0; k < 1 + ((number + i) % 3); k++) {
        tokens.push(CASES.token[(number + i + k) % CASES.token.length]!);
      }
    }
    return tokens;
  });
}

// Large blocks whose characters are all alike, and planes without any; every 61st character stands for them.
const UNIFORM: Ranges = [
  ...([
    [0x3400, 0x9fff],
    [0xac00, 0xd7a3],
    [0xe000, 0xf8ff],
    [0x17000, 0x18aff],
  ] as const),
  ...([
    [0x20000, 0xdffff],
    [0xe0200, 0x10ffff],
  ] as const),
];

/** Characters of every kind, in order: all but those of large uniform blocks. make_golden.py has the same. */
export function sweptCharacters(): string[] {
  const all: string[] = [];
  for (let point = 0; point < 0x110000; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    if (point % 61 === 0 || !UNIFORM.some(([first, last]) => first <= point && point <= last)) {
      all.push(String.fromCodePoint(point));
    }
  }
  return all;
}
