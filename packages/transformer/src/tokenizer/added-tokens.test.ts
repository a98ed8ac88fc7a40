import { describe, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { parseDefinition } from './definition.ts';
import { rustIds } from './testing/rust-tokenizer.ts';
import { tokenizerOf } from './tokenizer.ts';

const CHARACTERS = [
  'a',
  'b',
  'A',
  'B',
  ' ',
  '  ',
  '\t',
  '\u{3000}',
  '_',
  '-',
  '\u{e9}',
  '\u{301}',
  '7',
  '\u{1f642}',
  '\u2581',
  '\u{1d400}',
];
const CONTENTS = [
  'ab',
  'a',
  'aB',
  'AB',
  'ab-',
  'b a',
  ' b',
  '__proto__',
  '\u{1f642}',
  '-',
  'b',
  '\u{e9}',
  'A\u2581',
  'abab',
  '\u{1d400}a',
];
const vocab = Object.fromEntries(
  ['?', ...new Set(CHARACTERS), 'ab', '\u2581a'].map((token, id) => [token, id]),
);
const model = {
  type: 'BPE',
  vocab,
  merges: [
    ['a', 'b'],
    ['\u2581', 'a'],
  ],
  unk_token: '?',
};

/** As `randomTexts`, over few characters, so that added tokens are everywhere. */
function texts(count: number, seed: number): string[] {
  const random = new Pcg64(seed);
  const all = [...CHARACTERS, ...CONTENTS];
  const part = (): string => all[random.integers(0, all.length)]!;
  return Array.from({ length: count }, () => Array.from({ length: random.integers(1, 12) }, part).join(''));
}

/** Added tokens with all options at random, and with the ids that the Rust implementation gives them. */
function randomTokens(seed: number, normalized: boolean | undefined) {
  const random = new Pcg64(seed);
  const flag = (): boolean => random.random() < 0.4;
  let next = Object.keys(vocab).length;
  // No two that are the same in lower case: those are refused under Lowercase.
  const lower = new Set<string>();
  const contents = CONTENTS.filter((content) => flag() && lower.size < lower.add(content.toLowerCase()).size);
  return contents.map((content) => ({
    id: Object.hasOwn(vocab, content) ? vocab[content]! : next++,
    content,
    ...{ single_word: flag(), lstrip: flag(), rstrip: flag(), special: false },
    normalized: normalized ?? flag(),
  }));
}

function tokenizerWith(changes: object) {
  return tokenizerOf(parseDefinition({ model, ...changes }, 'tokenizer.json'), 'tokenizer.json');
}

const normalizers = [
  null,
  { type: 'Lowercase' },
  { type: 'Prepend', prepend: '\u2581' },
  {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '\u2581' },
      { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    ],
  },
  { type: 'NFC' },
];

describe.each(normalizers.map((normalizer) => ({ normalizer })))(
  'added tokens under the normalizer $normalizer.type are found as in the Rust implementation',
  ({ normalizer }) => {
    test.each([false, true, undefined])('normalized: %s', async (normalized) => {
      const all = texts(350, 5);
      for (let seed = 0; seed < 6; seed++) {
        const changes = { normalizer, added_tokens: randomTokens(seed, normalized) };
        const expected = await rustIds({ model, ...changes }, all);
        const tokenizer = tokenizerWith(changes);
        for (const [i, text] of all.entries()) {
          const ids = tokenizer.encode(text);
          if (JSON.stringify(ids) !== JSON.stringify(expected[i]))
            expect({ changes, text, ids }).toEqual({ changes, text, ids: expected[i] });
        }
      }
      expect.assertions(0);
    });
  },
);

test.each([
  ['nothing', [{ id: 19, content: '  ' }], 'leaves nothing of the added token "  "'],
  [
    'the same',
    [
      { id: 19, content: 'Ab\t' },
      { id: 20, content: 'aB' },
    ],
    'makes the same of the added tokens "Ab\\t" and "aB"',
  ],
])('added tokens of which the normalizer makes %s are refused', (_, tokens, message) => {
  const strip = { type: 'Strip', strip_left: true, strip_right: true };
  const normalizer = { type: 'Sequence', normalizers: [strip, { type: 'Lowercase' }] };
  const added = tokens.map((token, i) => ({ ...token, id: Object.keys(vocab).length + i }));
  const load = () =>
    tokenizerWith({
      normalizer,
      added_tokens: added.map((token) => ({
        ...token,
        id: Object.hasOwn(vocab, token.content) ? vocab[token.content] : token.id,
      })),
    });
  expect(load).toThrow(UserError);
  expect(load).toThrow(message);
});

test('a special token is text, but no other token is looked for inside of it', () => {
  const size = Object.keys(vocab).length;
  const special = { id: size, content: 'a-b', special: true, normalized: false };
  const ordinary = { id: size + 1, content: '-b', special: false, normalized: false };
  const tokenizer = tokenizerWith({ added_tokens: [special, ordinary] });
  // As tokenizers 0.23.2 with encode_special_tokens.
  expect(tokenizer.encode('a-b-b')).toEqual([vocab['a'], vocab['-'], vocab['b'], size + 1]);
});

test('a special token that is defined again as an ordinary one stays special', () => {
  const token = { id: Object.keys(vocab).length, content: 'a-', normalized: false };
  const tokenizer = tokenizerWith({ added_tokens: [{ ...token, special: true }, token] });
  // As tokenizers 0.23.2 with encode_special_tokens.
  expect(tokenizer.encode('a-')).toEqual([vocab['a'], vocab['-']]);
});

test('a token whose white space the one before has taken already is not there a second time', async () => {
  const space = { content: '  ', single_word: false, lstrip: true, rstrip: true, special: false };
  const line = { content: '\t', single_word: false, lstrip: true, rstrip: false, special: false };
  const size = Object.keys(vocab).length;
  const texts = ['a     b', 'a    ', '     ', 'a    \tb', '    \t'];
  for (const normalized of [false, true]) {
    const added_tokens = [
      { ...space, id: vocab['  '] ?? size, normalized },
      { ...line, id: vocab['\t']!, normalized: false },
    ];
    const tokenizer = tokenizerWith({ added_tokens });
    const expected = await rustIds({ model, added_tokens }, texts);
    expect(texts.map((text) => tokenizer.encode(text))).toEqual(expected);
  }
});

const remove = (characters: string, content = '') => ({
  ...{ type: 'Replace', pattern: { Regex: characters }, content },
});
const strip = { type: 'Strip', strip_left: true, strip_right: false };

test.each(
  [
    ...[[strip], [remove('a')], [remove('a+', '-')], [remove('a+', '--'), remove('-')], [{ type: 'Nmt' }]],
    ...[[{ type: 'Prepend', prepend: '--' }, remove('-')], [remove('a', '  b'), strip], [remove('^', '-')]],
    ...[
      [strip, { type: 'NFKD' }, remove('7')],
      [{ type: 'NFKD' }, { type: 'StripAccents' }],
    ],
    ...[[{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true }]],
    ...[[{ type: 'Lowercase' }, { type: 'Sequence', normalizers: [remove('-', 'ab'), remove('^a')] }]],
  ].map((normalizers) => ({ normalizers })),
)('after $normalizers, what begins a text for Metaspace is what does in Rust', async ({ normalizers }) => {
  const changes = {
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first', split: false },
  };
  const all = ['\u0001a', '\u0301a', '\u{e9}a', '  -b', '- a', 'aab', ...texts(300, 8)];
  const tokenizer = tokenizerWith(changes);
  const expected = await rustIds({ model, ...changes }, all);
  expect(all.map((text) => tokenizer.encode(text))).toEqual(expected);
});
