import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { type Tokenizer, loadTokenizer } from './tokenizer.ts';

const fixtures = join(import.meta.dirname, '../../../../tests/fixtures');
const shared = process.env['ICL_GD_SHARED'];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenizer-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

function readJson(...path: string[]) {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}

/** Loads a tokenizer.json of this content. */
async function loadDefinition(definition: unknown): Promise<Tokenizer> {
  const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
  await writeFile(join(directory, 'tokenizer.json'), text);
  return loadTokenizer(directory);
}

async function loadingError(definition?: unknown): Promise<string> {
  const loading = definition === undefined ? loadTokenizer(directory) : loadDefinition(definition);
  const error: unknown = await loading.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toContain(directory);
  expect(message.split('\n').length).toBeLessThanOrEqual(2);
  return message;
}

describe.each([
  { fixture: 'own-text-gpt2', dataset: 'mr', field: 'text', before: 'Review: ', after: ' Sentiment:' },
  { fixture: 'own-text-xglm', dataset: 'sst2', field: 'sentence', before: 'Sentence: ', after: ' Label:' },
])('$fixture', ({ fixture, dataset, field, before, after }) => {
  const model = join(fixtures, fixture, 'model');
  const golden: {
    train_rows: number[];
    validation_rows: number[];
    first_training_sequence: number[];
    training_sequence_lengths: number[];
    option_tokens: number[][];
    first_query_tokens: number[];
    query_lengths: number[];
  } = readJson(fixtures, fixture, 'golden/demonstrations.json');
  const rows = (split: string): Record<string, string>[] =>
    readFileSync(join(fixtures, fixture, 'data', dataset, `${split}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  async function loadPair(): Promise<Tokenizer> {
    for (const file of ['vocab.json', 'merges.txt']) await cp(join(model, file), join(directory, file));
    return loadTokenizer(directory);
  }

  test.each([
    ['tokenizer.json', () => loadTokenizer(model)],
    ['vocab.json and merges.txt', loadPair],
  ])('%s gives the token ids of the reference', async (_, load) => {
    const tokenizer = await load();
    expect(tokenizer.vocabSize).toBe(readJson(model, 'config.json').vocab_size);
    expect(['Negative', 'Positive'].map((word) => tokenizer.encode(` ${word}`))).toEqual(
      golden.option_tokens,
    );

    const encode = (row: Record<string, string>) => tokenizer.encode(before + row[field] + after);
    const validation = rows('validation');
    const queries = golden.validation_rows.map((row) => encode(validation[row]!));
    expect(queries[0]).toEqual(golden.first_query_tokens);
    expect(queries.map(({ length }) => length)).toEqual(golden.query_lengths);

    const train = rows('train');
    const demonstrations = golden.train_rows.map((row) => [
      ...encode(train[row]!),
      ...golden.option_tokens[Number(train[row]!['label'])]!,
    ]);
    expect(demonstrations[0]).toEqual(golden.first_training_sequence.slice(1));
    expect(demonstrations.map(({ length }) => length + 1)).toEqual(golden.training_sequence_lengths);
  });

  test('any text comes back, whatever it holds', async () => {
    const tokenizer = await loadTokenizer(model);
    const unit = fc.oneof(
      fc.constantFrom('<|endoftext|>', '</s>', '\u{85}', '\u{feff}', ' '),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const text = units.join('');
        const ids = tokenizer.encode(text);
        expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize)).toBe(true);
        expect(tokenizer.decode(ids)).toBe(text);
      }),
    );
  });

  test('spaces before punctuation and contractions come back: nothing is cleaned up', async () => {
    const tokenizer = await loadTokenizer(model);
    const text = " It 's good , they do n't say ; is it ? Yes ! 'm 've 're ' end .";
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  test('special tokens are not seen in a text, but shown in decoding', async () => {
    const tokenizer = await loadTokenizer(model);
    const endOfText = readJson(model, 'vocab.json')['<|endoftext|>'];
    expect(tokenizer.encode('a<|endoftext|>b')).not.toContain(endOfText);
    const [a] = tokenizer.encode('a');
    expect(tokenizer.decode([endOfText, a!, endOfText])).toBe('<|endoftext|>a<|endoftext|>');
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([a!, 1_000_000])).toBe('a');
  });
});

const byteLevel = { type: 'ByteLevel', add_prefix_space: false };

const LETTERS = ['a', 'b', 'c', '\u0120', '\u010a', '\u00c2', '\u0127', '\u00ef', '\u00bb', '\u00bf'];

/** A byte-level BPE over a few letters and white-space bytes, with one merge, so that the pre-tokenizer's cuts show. */
function definitionWith(changes: Record<string, unknown> = {}, model: Record<string, unknown> = {}) {
  const vocab = Object.fromEntries(
    [...LETTERS, 'ab', '\u0120a', '\u0120\u0120'].map((token, id) => [token, id]),
  );
  return {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      unk_token: null,
      vocab,
      merges: ['a b', '\u0120 a', ['\u0120', '\u0120']],
      ...model,
    },
    ...changes,
  };
}

function tokensOf(tokenizer: Tokenizer, text: string): string[] {
  return tokenizer.encode(text).map((id) => tokenizer.decode([id]));
}

describe('pre-tokenization', () => {
  test('white space is that of Unicode: U+0085 is, U+FEFF is not', async () => {
    const { model, ...rest } = definitionWith();
    const nextLine = '\u00c2\u0127';
    const mark = '\u00ef\u00bb\u00bf';
    const vocab: Record<string, number> = {};
    for (const token of [
      ...LETTERS,
      nextLine,
      nextLine + nextLine,
      '\u00ef\u00bb',
      mark,
      mark + mark,
      `\u0120${mark}`,
    ]) {
      vocab[token] = Object.keys(vocab).length;
    }
    const merges = ['\u00c2 \u0127', '\u00ef \u00bb', '\u00ef\u00bb \u00bf', `${nextLine} ${nextLine}`];
    merges.push(`${mark} ${mark}`, `\u0120 ${mark}`);
    const tokenizer = await loadDefinition({ ...rest, model: { ...model, vocab, merges } });
    // A run of white space leaves its last character to the word after it; U+FEFF joins a space like punctuation does.
    expect(tokensOf(tokenizer, '\u{85}\u{85}a')).toEqual(['\u{85}', '\u{85}', 'a']);
    expect(tokensOf(tokenizer, 'a\u{85}\u{85}')).toEqual(['a', '\u{85}\u{85}']);
    expect(tokensOf(tokenizer, '\u{feff}\u{feff}a')).toEqual(['\u{feff}\u{feff}', 'a']);
    expect(tokensOf(tokenizer, 'a \u{feff}')).toEqual(['a', ' \u{feff}']);
  });

  test('a prefix space only if tokenizer.json asks for it', async () => {
    const without = await loadDefinition(definitionWith());
    expect(tokensOf(without, 'ab a')).toEqual(['ab', ' a']);
    const prefixed = { ...byteLevel, add_prefix_space: true };
    const within = await loadDefinition(definitionWith({ pre_tokenizer: prefixed }));
    expect(tokensOf(within, 'ab a')).toEqual([' ', 'ab', ' a']);
    expect(tokensOf(within, ' ab')).toEqual([' ', 'ab']);
    const nested = {
      type: 'Sequence',
      pretokenizers: [{ type: 'Digits', individual_digits: true }, prefixed],
    };
    const inSequence = await loadDefinition(definitionWith({ pre_tokenizer: nested }));
    expect(tokensOf(inSequence, 'ab\u{85}')).toEqual([' ', 'ab', '\ufffd', '\ufffd']);
  });

  test('ordinary added tokens are recognised, special ones are not', async () => {
    const added = [
      { id: 13, content: 'ba', special: false, normalized: false },
      { id: 21, content: 'cab', special: true },
    ];
    const tokenizer = await loadDefinition(definitionWith({ added_tokens: added }));
    expect(tokenizer.vocabSize).toBe(22);
    expect(tokensOf(tokenizer, 'abacab')).toEqual(['a', 'ba', 'c', 'ab']);
    expect(tokenizer.decode([21, 0])).toBe('caba');
  });

  test('an added token is decoded as it stands, whatever characters it has', async () => {
    const added = [{ id: 20, content: '\u00e9 \u2581!', special: true }];
    const tokenizer = await loadDefinition(definitionWith({ added_tokens: added }));
    expect(tokenizer.decode([0, 20, 10])).toBe('a\u00e9 \u2581!ab');
  });

  test('BOS and EOS of a post-processor are not added', async () => {
    const special = { id: '<s>', ids: [21], tokens: ['<s>'] };
    const template = [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
    const postProcessor = {
      type: 'TemplateProcessing',
      single: template,
      pair: [],
      special_tokens: { '<s>': special },
    };
    const added = [{ id: 21, content: '<s>', special: true }];
    const tokenizer = await loadDefinition(
      definitionWith({ post_processor: postProcessor, added_tokens: added }),
    );
    expect(tokensOf(tokenizer, 'c')).toEqual(['c']);
  });
});

describe('other kinds', () => {
  test('SentencePiece-style BPE with byte fallback, as Llama has it', async () => {
    const tokens = ['<unk>', '<s>', '\u2581', 'h', 'i', '\u2581h', '\u2581hi'];
    for (let byte = 0; byte < 256; byte++)
      tokens.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
    const tokenizer = await loadDefinition({
      added_tokens: [
        { id: 0, content: '<unk>', special: true },
        { id: 1, content: '<s>', special: true },
      ],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '\u2581' },
          { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
        ],
      },
      pre_tokenizer: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: {
        type: 'BPE',
        unk_token: '<unk>',
        fuse_unk: true,
        byte_fallback: true,
        vocab,
        merges: ['\u2581 h', '\u2581h i'],
      },
    });
    expect(tokenizer.encode('hi hi')).toEqual([6, 6]);
    expect(tokenizer.encode('h\u{e9}')).toEqual([5, 7 + 0xc3, 7 + 0xa9]);
    expect(tokenizer.decode([6, 6, 7 + 0xc3, 7 + 0xa9])).toBe('hi hi\u{e9}');
  });

  test('an early tokenizer.json, whose model has no type', async () => {
    const { type: _, ...model } = definitionWith().model;
    const tokenizer = await loadDefinition(definitionWith({ model }));
    expect(tokensOf(tokenizer, 'ab a')).toEqual(['ab', ' a']);
  });

  test.each<[string, object, number[]]>([
    ['WordLevel', { unk_token: '?', vocab: { '?': 0, bad: 1, good: 2 } }, [1, 2, 0]],
    [
      'WordPiece',
      {
        ...{ unk_token: '?', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
        vocab: { '?': 0, bad: 1, good: 2, ug: 3, '##ly': 4 },
      },
      [1, 2, 3, 4],
    ],
    [
      'Unigram',
      {
        unk_id: 0,
        vocab: [
          ['?', 0],
          ['bad', -1],
          ['good', -1],
          ['ug', -1],
          ['ly', -1],
        ],
      },
      [1, 2, 3, 4],
    ],
  ])('a model without a type is told by its keys: %s', async (_, model, ids) => {
    const tokenizer = await loadDefinition({ pre_tokenizer: { type: 'WhitespaceSplit' }, model });
    expect(tokenizer.encode('bad good ugly')).toEqual(ids);
  });

  test('tokenizer.json wins over vocab.json and merges.txt', async () => {
    await writeFile(join(directory, 'vocab.json'), '{"a": 1, "b": 0, "ab": 2}');
    await writeFile(join(directory, 'merges.txt'), 'a b\n');
    expect((await loadTokenizer(directory)).encode('ab')).toEqual([2]);
    const tokenizer = await loadDefinition(definitionWith());
    expect(tokenizer.encode('ab')).toEqual([10]);
  });

  test('whole words, with an unknown one', async () => {
    const vocab = { '[UNK]': 0, good: 1, bad: 2 };
    const tokenizer = await loadDefinition({
      pre_tokenizer: { type: 'WhitespaceSplit' },
      model: { type: 'WordLevel', unk_token: '[UNK]', vocab },
    });
    expect(tokenizer.encode('bad good ugly')).toEqual([2, 1, 0]);
  });
});

describe('faults', () => {
  test('no tokenizer, or half of one', async () => {
    expect(await loadingError()).toContain('found neither tokenizer.json nor vocab.json with merges.txt');
    await writeFile(join(directory, 'vocab.json'), '{"a": 0}');
    expect(await loadingError()).toContain('merges.txt: tokenizer merges does not exist');
    await writeFile(join(directory, 'merges.txt'), '#version: 0.2\na a\n');
    expect(await loadingError()).toContain('vocab.json, merges.txt: merge 0, "a a", needs the token "aa"');
    await writeFile(join(directory, 'vocab.json'), '["a"]');
    expect(await loadingError()).toContain('model.vocab: must map tokens to ids');
  });

  const { model } = definitionWith();
  test.each<[string, unknown, string]>([
    ['garbled', '{"model": {"type"', 'tokenizer is not valid JSON'],
    ['empty', '', 'tokenizer is empty'],
    ['a list', [], 'no usable tokenizer'],
    ['no model', { ...definitionWith(), model: undefined }, 'model: must be BPE'],
    ['a model of another kind', definitionWith({}, { type: 'Neural' }), 'must be BPE, WordPiece'],
    ['no vocabulary', definitionWith({}, { vocab: undefined }), 'model.vocab: must map tokens to ids'],
    ['no merges', definitionWith({}, { merges: undefined }), 'model.merges'],
    [
      'unknown token in a merge',
      definitionWith({}, { merges: ['a b', 'a z'] }),
      'merge 1, "a z", needs the token "z"',
    ],
    [
      'unknown result of a merge',
      definitionWith({}, { merges: [['a', 'c']] }),
      'merge 0, "a c", needs the token "ac"',
    ],
    ['merge of one', definitionWith({}, { merges: ['ab'] }), 'merge 0, "ab", is not two tokens'],
    [
      'an id that is no number',
      definitionWith({}, { vocab: { ...model.vocab, a: null } }),
      '"a" has the id null',
    ],
    ['a negative id', definitionWith({}, { vocab: { ...model.vocab, a: -1 } }), '"a" has the id -1'],
    ['an id for two', definitionWith({}, { vocab: { ...model.vocab, z: 1 } }), '"b" and "z" share the id 1'],
    [
      'a merge without the prefix of sub-words',
      definitionWith({}, { continuing_subword_prefix: 'a', merges: ['a b'] }),
      'merge 0, "a b", ',
    ],
    [
      'an unknown normalizer',
      definitionWith({ normalizer: { type: 'Shout' } }),
      'normalizer: the type "Shout" is not supported (supported are NFC, ',
    ],
    ['a normalizer that is none', definitionWith({ normalizer: 'NFC' }), 'normalizer: '],
    ['an added token without id', definitionWith({ added_tokens: [{ content: 'x' }] }), 'added_tokens.0.id'],
  ])('%s', async (_, definition, message) => {
    expect(await loadingError(definition)).toContain(message);
  });

  test('a text outside of the vocabulary', async () => {
    const tokenizer = await loadDefinition(definitionWith());
    expect(() => tokenizer.encode('ab xyz')).toThrow(UserError);
    expect(() => tokenizer.encode('ab xyz')).toThrow(
      `${join(directory, 'tokenizer.json')}: the vocabulary has no token for a part of "ab xyz"`,
    );
    expect(tokensOf(tokenizer, 'ab')).toEqual(['ab']);
    const unknown = await loadDefinition(definitionWith({}, { unk_token: 'c' }));
    expect(tokensOf(unknown, 'ab!')).toEqual(['ab', 'c']);
    const lost = await loadDefinition(definitionWith({}, { unk_token: '<unk>' }));
    expect(() => lost.encode('!')).toThrow(UserError);
  });
});

const references = shared === undefined ? [] : [join(shared, 'oracle')];
test.each(references)('GPT-2 with its full vocabulary: the texts of %s/bpe.json', async (oracle) => {
  const tokenizer = await loadTokenizer(join(oracle, 'B-xglm-sst2/model'));
  const golden: { text: string; ids: number[] }[] = JSON.parse(
    await readFile(join(oracle, 'bpe.json'), 'utf8'),
  );
  expect(golden.length).toBeGreaterThan(40);
  for (const { text, ids } of golden) {
    expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids });
    expect(tokenizer.decode(ids)).toBe(text);
  }
});
