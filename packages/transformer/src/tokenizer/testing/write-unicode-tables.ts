/**
 * Writes pipeline/unicode-tables.ts: what characters the Rust implementation takes for what, asked of it one by one.
 *
 *     node packages/transformer/src/tokenizer/testing/write-unicode-tables.ts && npx oxfmt packages/transformer/src/tokenizer/pipeline/unicode-tables.ts
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL_CHARACTERS, eachNormalized, eachPreTokenized } from './every-character.ts';

const BERT = {
  ...{ type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false },
  ...{ strip_accents: false, lowercase: false },
};

type Test = (character: string) => boolean;

function removedBy(normalizer: object): Test {
  const normalized = eachNormalized(normalizer);
  return (character) => normalized.get(character) === '';
}

function isolatedBy(preTokenizer: object): Test {
  const pieces = eachPreTokenized(preTokenizer);
  return (character) => pieces.get(character)!.length > 1;
}

/** What the engine normalizes, and the Rust implementation, whose Unicode is 9.0, leaves as it is. */
function newToNormalization(): Test {
  const found = new Set<string>();
  for (const form of ['NFD', 'NFKD', 'NFC', 'NFKC']) {
    for (const [character, normalized] of eachNormalized({ type: form })) {
      const here = character.normalize(form);
      if (here === normalized) continue;
      found.add(character);
      // What a new composition begins with, too.
      if (form === 'NFD') found.add(String.fromCodePoint(here.codePointAt(0)!));
    }
  }
  // Marks that change places with one of the lowest or highest combining class.
  for (const [before, after] of [
    ['a\u{345}', ''],
    ['a', '\u{334}'],
  ] as const) {
    for (const [character, normalized] of eachNormalized({ type: 'NFD' }, before, after)) {
      if (`${before}${character}${after}`.normalize('NFD') !== normalized) found.add(character);
    }
  }
  return (character) => found.has(character);
}

/** Lengths of the stretches outside and inside of the set, in turn, in base 36. */
function stretches(test: Test): string {
  const lengths: number[] = [];
  let inside = false;
  let start = 0;
  for (const character of ALL_CHARACTERS) {
    if (test(character) === inside) continue;
    const point = character.codePointAt(0)!;
    lengths.push(point - start);
    start = point;
    inside = !inside;
  }
  if (inside) lengths.push(0x110000 - start);
  return lengths.map((length) => length.toString(36)).join(' ');
}

const tables: [name: string, comment: string, test: Test][] = [
  [
    'UNASSIGNED',
    'What Oniguruma (Unicode 16.0) takes for unassigned, surrogates included.',
    removedBy({ type: 'Replace', pattern: { Regex: String.raw`\p{Cn}` }, content: '' }),
  ],
  ['PUNCTUATION', 'Punctuation, for Punctuation and BertPreTokenizer.', isolatedBy({ type: 'Punctuation' })],
  ['ACCENT', 'What BertNormalizer strips as accents.', removedBy({ ...BERT, strip_accents: true })],
  ['COMBINING_MARK', 'What StripAccents strips.', removedBy({ type: 'StripAccents' })],
  ['CONTROL', 'What BertNormalizer cleans away.', removedBy({ ...BERT, clean_text: true })],
  [
    'NOT_NORMALIZED',
    'Characters newer than Unicode 9.0 that normalization would change.',
    newToNormalization(),
  ],
];

const text = tables
  .map(([name, comment, test]) => `/** ${comment} */\nexport const ${name} =\n  '${stretches(test)}';\n`)
  .join('\n');
await writeFile(
  join(import.meta.dirname, '../pipeline/unicode-tables.ts'),
  `// Written by testing/write-unicode-tables.ts: lengths of the stretches of code points outside and inside of each set, in\n// turn, in base 36.\n\n${text}`,
);
