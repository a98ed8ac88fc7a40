import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { parseDefinition } from './definition.ts';
import { loadTokenizer, tokenizerOf } from './tokenizer.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hostile-tokenizer-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function load(files: Record<string, string>) {
  for (const name of [
    'tokenizer.json',
    'tokenizer_config.json',
    'special_tokens_map.json',
    'added_tokens.json',
    'config.json',
  ])
    await rm(join(directory, name), { force: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return loadTokenizer(directory);
}

function expectOneLine(error: unknown): void {
  if (!(error instanceof UserError)) throw error;
  expect(error.message).not.toMatch(/\n/);
  expect(error.message.length).toBeLessThan(420);
}

async function expectRefused(files: Record<string, string>): Promise<void> {
  const error: unknown = await load(files).then(
    () => new Error('is not refused'),
    (reason: unknown) => reason,
  );
  expectOneLine(error);
}

const vocab = { a: 0, b: 1, ab: 2, ' ': 3, '<unk>': 4 };
const DEFINITION = {
  ...{ version: '1.0', truncation: null, padding: null, post_processor: null },
  added_tokens: [
    {
      id: 5,
      content: '<x>',
      single_word: false,
      lstrip: true,
      rstrip: false,
      normalized: true,
      special: false,
    },
  ],
  normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  decoder: { type: 'ByteLevel' },
  model: {
    type: 'BPE',
    vocab,
    merges: [['a', 'b']],
    unk_token: '<unk>',
    fuse_unk: false,
    byte_fallback: false,
    dropout: null,
  },
};
const UNIGRAM = {
  ...DEFINITION,
  added_tokens: [{ ...DEFINITION.added_tokens[0], id: 4 }],
  model: {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['a', -1],
      ['b', -2.5],
      ['ab', -2],
    ],
    byte_fallback: true,
  },
};
const WORD_PIECE = {
  ...DEFINITION,
  model: {
    ...{ type: 'WordPiece', vocab, unk_token: '<unk>' },
    continuing_subword_prefix: '',
    max_input_chars_per_word: 100,
  },
};
const SETTINGS = {
  ...{
    tokenizer_class: 'GPT2Tokenizer',
    add_prefix_space: false,
    bos_token: '<s>',
    pad_token: { content: '<pad>' },
  },
  added_tokens_decoder: {
    5: { content: '<x>', lstrip: false, special: false },
    6: { content: '<s>', special: true },
  },
  additional_special_tokens: ['<y>'],
};

test.each([
  'null',
  '[]',
  '{}',
  '0',
  'true',
  '"tokenizer"',
  '{"model": null}',
  '{"model": []}',
  '{"model": {}}',
  '[[[[]]]]',
])('a tokenizer.json that is %s is refused, and so are the files beside it', async (text) => {
  await expectRefused({ 'tokenizer.json': text });
  if (text.startsWith('{')) return;
  for (const name of ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'config.json'])
    await expectRefused({ 'tokenizer.json': JSON.stringify(DEFINITION), [name]: text });
});

describe.each([5000, 100_000])('nested %d deep', (depth) => {
  test.each(['normalizer', 'pre_tokenizer', 'decoder', 'post_processor'])(
    'the %s is refused',
    async (part) => {
      const key = { normalizer: 'normalizers', pre_tokenizer: 'pretokenizers' }[part] ?? 'decoders';
      const nested = `{"type":"Sequence","${key}":[`.repeat(depth) + ']}'.repeat(depth);
      await expectRefused({
        'tokenizer.json': JSON.stringify({ ...DEFINITION, [part]: 0 }).replace(
          `"${part}":0`,
          `"${part}":${nested}`,
        ),
      });
      await expectRefused({
        'tokenizer.json': JSON.stringify(DEFINITION),
        'tokenizer_config.json': `{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`,
      });
    },
  );
});

test('as many merges and added tokens as the largest vocabularies have are loaded', async () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+/';
  const tokens = [...letters];
  const merges: string[] = [];
  for (let i = 0; merges.length < 280_000; i++) {
    const [left, right] = [tokens[i >> 6]!, letters[i & 63]!];
    merges.push(`${left} ${right}`);
    tokens.push(left + right);
  }
  const added = Array.from({ length: 20_000 }, (_, i) => ({
    id: tokens.length + i,
    content: `<token ${i}>`,
  }));
  const model = { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges };
  const tokenizer = await load({ 'tokenizer.json': JSON.stringify({ model, added_tokens: added }) });
  expect(tokenizer.vocabSize).toBe(tokens.length + added.length);
  expect(tokenizer.encode('abc<token 19999>')).toEqual([tokens.indexOf('abc'), tokenizer.vocabSize - 1]);
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'])(
  'a token called %s is a token like others, and where it is none it is unknown',
  async (name) => {
    const definition = (model: object, more = {}) => ({ model, ...more });
    const withToken = JSON.parse(`{"?": 0, ${JSON.stringify(name)}: 1}`);
    const wordLevel = { type: 'WordLevel', unk_token: '?', vocab: withToken };
    const wordPiece = {
      ...wordLevel,
      type: 'WordPiece',
      continuing_subword_prefix: '',
      max_input_chars_per_word: 100,
    };
    const unigram = {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['?', 0],
        [name, -1],
      ],
    };
    for (const model of [wordLevel, wordPiece, unigram]) {
      const tokenizer = await load({ 'tokenizer.json': JSON.stringify(definition(model)) });
      expect(tokenizer.encode(name)).toEqual([1]);
      expect(tokenizer.decode([1])).toBe(name);
    }
    const without = { ...wordLevel, vocab: { '?': 0 } };
    expect((await load({ 'tokenizer.json': JSON.stringify(definition(without)) })).encode(name)).toEqual([0]);
    const added = [{ id: 1, content: name }];
    const tokenizer = await load({
      'tokenizer.json': JSON.stringify(definition(without, { added_tokens: added })),
    });
    expect(tokenizer.encode(name)).toEqual([1]);
    const beside = await load({
      'tokenizer.json': JSON.stringify(definition(without)),
      'added_tokens.json': `{${JSON.stringify(name)}: 1}`,
    });
    expect(beside.encode(name)).toEqual([1]);
  },
);

test('half of a surrogate pair is refused, in a text and in a vocabulary', async () => {
  const tokenizer = await load({ 'tokenizer.json': JSON.stringify(DEFINITION) });
  for (const text of ['a\ud83d', '\ude42b', '\ude42\ud83d']) {
    expect(() => tokenizer.encode(text)).toThrow(UserError);
    expect(() => tokenizer.encode(text)).toThrow('half of a surrogate pair');
  }
  expect(tokenizer.encode('ab')).toEqual([2]);
  for (const model of [DEFINITION.model, UNIGRAM.model]) {
    const text = JSON.stringify({ model }).replaceAll('"ab"', String.raw`"\ud83d"`);
    await expectRefused({ 'tokenizer.json': text });
  }
});

/** A value somewhere in a JSON value is removed or becomes something else. */
function mutated(value: unknown, random: Pcg64): unknown {
  const below = (limit: number): number => random.integers(0, limit);
  const junk: readonly unknown[] = [
    ...[
      null,
      true,
      false,
      0,
      -1,
      1.5,
      1e300,
      4_294_967_296,
      '',
      'a',
      '\u0000\u001b[31m',
      'x'.repeat(2000),
      [],
      {},
      [[]],
    ],
    ...[
      { type: 'Sequence' },
      { type: 'BPE' },
      { type: '__proto__' },
      ['a', 'b'],
      { __proto__: null, constructor: 1 },
      '\ud83d',
    ],
  ];
  if (typeof value !== 'object' || value === null || random.random() < 0.15) return junk[below(junk.length)];
  const entries = Object.entries(value);
  if (entries.length === 0) return junk[below(junk.length)];
  const at = below(entries.length);
  const way = random.random();
  if (way < 0.1) entries.splice(at, 1);
  else if (way < 0.2) entries.push([`${entries[at]![0]}x`, junk[below(junk.length)]]);
  else entries[at] = [entries[at]![0], mutated(entries[at]![1], random)];
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

describe('mutated files give a tokenizer or one line', () => {
  const TEXTS = ['', 'a <x> ab', '\u00e9\u{1f642} a', '__proto__'];

  test.each([
    ['BPE', DEFINITION],
    ['Unigram', UNIGRAM],
    ['WordPiece', WORD_PIECE],
  ])('3,000 of tokenizer.json with %s', (_, definition) => {
    let loaded = 0;
    for (let seed = 0; seed < 3000; seed++) {
      const random = new Pcg64(seed);
      const once = mutated(definition, random);
      const json = random.random() < 0.5 ? once : mutated(once, random);
      try {
        const tokenizer = tokenizerOf(parseDefinition(json, 'tokenizer.json'), 'tokenizer.json');
        loaded++;
        for (const text of TEXTS) tokenizer.decode(tokenizer.encode(text));
      } catch (error) {
        expectOneLine(error);
      }
    }
    expect(loaded).toBeGreaterThan(100);
  });

  test('300 of the files beside it', async () => {
    let loaded = 0;
    for (let seed = 0; seed < 300; seed++) {
      const random = new Pcg64(seed);
      const text = (value: unknown): string =>
        JSON.stringify(random.random() < 0.5 ? mutated(value, random) : value);
      try {
        const tokenizer = await load({
          'tokenizer.json': JSON.stringify({ ...DEFINITION, added_tokens: [] }),
          'tokenizer_config.json': text(SETTINGS),
          'special_tokens_map.json': text({ pad_token: '<pad>', additional_special_tokens: ['<x>'] }),
          'added_tokens.json': text({ '<x>': 5 }),
          'config.json': text({ model_type: 'gpt2' }),
        });
        loaded++;
        for (const one of TEXTS) tokenizer.decode(tokenizer.encode(one));
      } catch (error) {
        expectOneLine(error);
      }
    }
    expect(loaded).toBeGreaterThan(20);
  });
});
