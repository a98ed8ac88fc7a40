import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../errors.ts';
import { CASES, GOLDEN, digest, sweptCharacters, hardTexts, tokenLists } from '../testing/component-cases.ts';
import { randomTexts } from '../testing/random-texts.ts';
import { rustComponents } from '../testing/rust-tokenizer.ts';
import { DECODERS } from './decoders.ts';
import { NORMALIZERS } from './normalizers.ts';
import { POSIX, PROPERTIES } from './oniguruma-classes.ts';
import { compileOniguruma } from './oniguruma.ts';
import { PRE_TOKENIZERS } from './pre-tokenizers.ts';
import { type Steps, createSteps } from './steps.ts';

const NONE = { normalizer: null, pre_tokenizer: null, decoder: null };
const TYPES = { normalizer: NORMALIZERS, pre_tokenizer: PRE_TOKENIZERS, decoder: DECODERS };
const COUNT = 2000;
const texts = randomTexts(COUNT, 1);
// The seed of make_golden.py.
const hard = hardTexts(COUNT, 14);

function steps(components: object): Steps {
  return createSteps({ ...NONE, ...components }, 'tokenizer.json');
}

function names(kind: keyof typeof TYPES): string[] {
  return Object.keys(CASES[kind]);
}

/** The first text whose result is another one. */
function firstDifference<T>(
  inputs: readonly T[],
  ours: (input: T) => unknown,
  theirs: (input: T) => unknown,
) {
  for (const input of inputs) {
    const [here, there] = [ours(input), theirs(input)];
    if (JSON.stringify(here) !== JSON.stringify(there)) return { input, here, there };
  }
  return undefined;
}

test('the texts of the goldens are those of numpy', () => {
  expect(digest(hard)).toBe(GOLDEN['texts']);
});

describe('as the Rust implementation, on random texts:', () => {
  test.each(names('normalizer'))('normalizer %s', (name) => {
    const normalizer = CASES.normalizer[name];
    const { normalize } = steps({ normalizer });
    expect(firstDifference(texts, normalize, rustComponents({ normalizer }).normalize)).toBeUndefined();
    expect(digest(hard.map(normalize))).toBe(GOLDEN[`normalizer ${name}`]);
  });

  test.each(names('pre_tokenizer'))('pre-tokenizer %s', (name) => {
    const definition = { pre_tokenizer: CASES.pre_tokenizer[name] };
    const { preTokenize } = steps(definition);
    const cut = (text: string) => preTokenize(text, true);
    expect(firstDifference(texts, cut, rustComponents(definition).preTokenize)).toBeUndefined();
    expect(digest(hard.map(cut))).toBe(GOLDEN[`pre_tokenizer ${name}`]);
  });

  test.each(names('decoder'))('decoder %s', (name) => {
    const decoder = CASES.decoder[name];
    const { decode } = steps({ decoder });
    expect(firstDifference(tokenLists(texts), decode, rustComponents({ decoder }).decode)).toBeUndefined();
    expect(digest(tokenLists(hard).map(decode))).toBe(GOLDEN[`decoder ${name}`]);
  });
});

describe('as the Rust implementation, on characters of every kind,', () => {
  const all = sweptCharacters();
  const chunks = Array.from({ length: Math.ceil(all.length / 20_000) }, (_, i) =>
    all.slice(20_000 * i, 20_000 * (i + 1)),
  );
  const sweep = chunks.map((chunk) => chunk.map((character) => `x${character}\u{301}`).join('\u{2581}'));

  test.each(CASES.every_character.normalizer)('between letter and accent: normalizer %s', (name) => {
    const { normalize } = steps({ normalizer: CASES.normalizer[name] });
    expect(digest(sweep.map(normalize))).toBe(GOLDEN[`every character: normalizer ${name}`]);
  });

  test.each(CASES.every_character.pre_tokenizer)('between letter and accent: pre-tokenizer %s', (name) => {
    const { preTokenize } = steps({ pre_tokenizer: CASES.pre_tokenizer[name] });
    const pieces = sweep.map((text) => preTokenize(text, true));
    expect(digest(pieces)).toBe(GOLDEN[`every character: pre_tokenizer ${name}`]);
  });

  test('classes of regular expressions hold the same characters', () => {
    const text = all.join('');
    const differing = CASES.class.filter((pattern) => {
      const { source } = compileOniguruma(pattern, { file: '', path: '' });
      const runs = text.match(new RegExp(`${source}+`, 'gv')) ?? [];
      const points = Array.from(runs.join(''), (character) => character.codePointAt(0));
      return digest(points) !== GOLDEN[`class ${pattern}`];
    });
    expect(differing).toEqual([]);
  });
});

describe('the list of what is supported', () => {
  test('is tried whole: every type, every class', () => {
    for (const [kind, types] of Object.entries(TYPES)) {
      const tried = new Set(Object.values(CASES[kind as keyof typeof TYPES]).map(({ type }) => type));
      expect([...tried].toSorted()).toEqual([...types.keys()].toSorted());
    }
    expect(CASES.class).toEqual(
      expect.arrayContaining([
        ...[...PROPERTIES.keys()].map((name) => `\\p{${name}}`),
        ...[...POSIX.keys()].map((name) => `[[:${name}:]]`),
      ]),
    );
  });

  test('is written down in docs/tokenizer-steps.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../../docs/tokenizer-steps.md'), 'utf8');
    for (const types of Object.values(TYPES))
      for (const type of types.keys()) expect(page).toContain(`\`${type}\``);
    const components = Object.keys(TYPES).flatMap((kind) => names(kind as keyof typeof TYPES));
    const types = Object.values(TYPES).flatMap((kinds) => [...kinds.keys()]);
    expect(page).toContain(`\n${types.length} types of step.`);
    expect(page).toContain(`: ${components.length} components\nand ${CASES.class.length} classes`);
  });

  const regex = (Regex: string) => ({
    pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
  });
  const metaspace = { type: 'Metaspace', replacement: '_' };
  const refused: [object, string][] = [
    [{ normalizer: { type: 'Shout' } }, 'normalizer: the type "Shout" is not supported'],
    [{ normalizer: { type: 'constructor' } }, 'the type "constructor" is not supported'],
    [{ pre_tokenizer: { type: 'UnicodeScripts' } }, 'the type "UnicodeScripts" is not supported'],
    [{ decoder: {} }, 'decoder: is no component: it has no type'],
    [{ decoder: 'Fuse' }, 'decoder: is no component'],
    [{ normalizer: { type: 'NFC', form: 1 } }, 'NFC has the option "form", which is not supported'],
    [{ decoder: { type: 'Strip', content: 'ab', start: 1, stop: 0 } }, 'content: must be a single character'],
    [{ pre_tokenizer: { type: 'Digits' } }, 'Digits: individual_digits:'],
    [{ pre_tokenizer: { type: 'FixedLength', length: 0 } }, 'FixedLength: length:'],
    [{ pre_tokenizer: { type: 'Punctuation', behavior: 'isolated' } }, 'Punctuation: behavior:'],
    [{ pre_tokenizer: { ...metaspace, add_prefix_space: false } }, 'needs prepend_scheme "never"'],
    [
      {
        pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Shout' }] },
      },
      'pre_tokenizer.pretokenizers.1: the type "Shout"',
    ],
    [
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [{ type: 'WhitespaceSplit' }, { ...metaspace, prepend_scheme: 'first' }],
        },
      },
      'Metaspace with prepend_scheme "first" is supported as the first step alone',
    ],
    [{ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }, 'is not a map of SentencePiece'],
    [{ normalizer: { type: 'Precompiled', precompiled_charsmap: 'é' } }, 'is not a map of SentencePiece'],
    [{ normalizer: { type: 'Precompiled', precompiled_charsmap: null } }, 'precompiled_charsmap'],
    [
      { decoder: { type: 'Sequence', decoders: Array.from({ length: 101 }, () => ({ type: 'Fuse' })) } },
      'Sequence: decoders: Too big',
    ],
    [
      { normalizer: { type: 'Replace', pattern: { String: 'a', Regex: 'a' }, content: '' } },
      'Replace: pattern: must be {"String": …} or {"Regex": …}',
    ],
    ...[
      ...[
        '(a)\\1',
        '\\K',
        '\\bword',
        '(?<name>a)',
        '(?x) a',
        '\\p{Nonsense}',
        '[[:nonsense:]]',
        '(?i:straße)',
      ],
      ...['(?i:ss)', '(?i)\\p{Lu}', '(', ')', '[', '[]', '[a-\\w]', '*', 'a**', '(?<=a+)b', 'a{3}?', '\\x80'],
      ...['a{2000}', `${'('.repeat(60)}${')'.repeat(60)}`, 'a'.repeat(20_000), '\\'],
    ].map((pattern): [object, string] => [regex(pattern), 'not supported']),
  ];
  test.each(refused.map(([components, message]) => [message, components] as const))(
    'refused: %s',
    (message, components) => {
      expect(() => steps(components)).toThrow(UserError);
      expect(() => steps(components)).toThrow(/^tokenizer\.json: /);
      const expected = message === 'not supported' ? /not supported|more than 10000/ : message;
      expect(() => steps(components)).toThrow(expected);
    },
  );

  test('a component nested too deep is refused', () => {
    let decoder: object = { type: 'Fuse' };
    for (let i = 0; i < 100; i++) decoder = { type: 'Sequence', decoders: [decoder] };
    expect(() => steps({ decoder })).toThrow('is nested more than 16 deep');
  });

  test.each([
    ...[
      '(a+)+$',
      '(a|a)*b',
      '(a|aa)+$',
      '(a*)*',
      '(.*)*x',
      '(\\w+\\s?)*$',
      '([a-zA-Z]+)*$',
      'a*a*a*b',
      '.*.*=.*',
    ],
    ...[
      '(?=a*a*b)',
      `${'a?'.repeat(30)}${'a'.repeat(30)}`,
      '((a{0,30}){0,30}){0,30}b',
      '(?:a?b?)*c',
      '(?>a*)*b',
    ],
    ...['(\\d+|\\d+x)*y', '(?:\\p{L}+\\p{Lu})+z', 'a{0,9}a{0,9}b', '(?!(x+)*y)', '(?:a??)?b'],
  ])('a pattern that may take for ever, %s, is refused', (pattern) => {
    expect(() => steps(regex(pattern))).toThrow('may take for ever');
  });
});

test('a Metaspace that prepends at the start alone does so there alone', () => {
  const { preTokenize } = steps({
    pre_tokenizer: { type: 'Metaspace', replacement: '_', prepend_scheme: 'first' },
  });
  expect([preTokenize('a b', true), preTokenize('a b', false)]).toEqual([
    ['_a', '_b'],
    ['a', '_b'],
  ]);
});

test('without a decoder there are spaces between tokens', () => {
  expect([steps({}).decode(['a', 'b']), steps({}).decode([])]).toEqual(['a b', '']);
});
