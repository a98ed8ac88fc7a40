import { describe, expect, test } from 'vitest';
import { UserError } from '../../errors.ts';
import { Pcg64 } from '../../random/pcg64.ts';
import { parseDefinition } from '../definition.ts';
import {
  KNOWN_CHARACTERS,
  WHOLE_TOKENS,
  byteTokenNames,
  randomMerges,
  randomPieces,
  textsOfVocabulary,
} from '../testing/random-models.ts';
import { rustIds, rustIdsOrErrors } from '../testing/rust-tokenizer.ts';
import { tokenizerOf } from '../tokenizer.ts';

const TEXTS = textsOfVocabulary(2000, 1);
const UNKNOWN = 'UNKNOWN';
const idsOf = (tokens: Iterable<string>) =>
  Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));

/** Ids of every text; 'refused' where it is. */
function ours(model: object): (number[] | 'refused')[] {
  const tokenizer = tokenizerOf(parseDefinition({ model }, 'tokenizer.json'), 'tokenizer.json');
  return TEXTS.map((text) => {
    try {
      return tokenizer.encode(text);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return 'refused';
    }
  });
}

/** What must come out: the ids of the Rust implementation, a refusal where they would hold `unknown`. */
async function theirs(model: object, unknown?: number): Promise<(number[] | 'refused')[]> {
  const ids = await rustIds({ model }, TEXTS);
  return unknown === undefined ? ids : ids.map((list) => (list.includes(unknown) ? 'refused' : list));
}

/** Compares text by text and shows the first that differs. */
function expectSame(actual: readonly unknown[], expected: readonly unknown[]): void {
  expect(actual.length).toBe(expected.length);
  const at = actual.findIndex((ids, i) => JSON.stringify(ids) !== JSON.stringify(expected[i]));
  expect({ text: TEXTS[at], ids: actual[at] }).toEqual({ text: TEXTS[at], ids: expected[at] });
}

const combinations = [false, true].flatMap((fuse) =>
  (['none', 'some', 'all'] as const).flatMap((bytes) =>
    [false, true].flatMap((whole) =>
      ['', '##'].flatMap((prefix) => ['', '</w>'].map((suffix) => ({ fuse, bytes, whole, prefix, suffix }))),
    ),
  ),
);

describe('BPE gives the ids of the Rust implementation', () => {
  test.each(combinations)(
    'fuse_unk $fuse, byte tokens: $bytes, ignore_merges $whole, prefix "$prefix", suffix "$suffix"',
    async ({ fuse, bytes, whole, prefix, suffix }) => {
      const { vocabulary, merges } = randomMerges(60, { seed: 7, prefix, suffix });
      const byteNames = bytes === 'none' ? [] : byteTokenNames(bytes === 'some' ? [0xc3, 0x78] : []);
      const vocab = idsOf([UNKNOWN, ...vocabulary, ...byteNames]);
      const model = {
        ...{
          type: 'BPE',
          vocab,
          merges: [...merges, ...merges.slice(3, 6)],
          unk_token: UNKNOWN,
          dropout: null,
        },
        ...{ fuse_unk: fuse, byte_fallback: bytes !== 'none', ignore_merges: whole },
        ...{ continuing_subword_prefix: prefix, end_of_word_suffix: suffix },
      };
      expectSame(ours(model), await theirs(model));
      // Without an unknown token Rust drops the character; here it is refused.
      expectSame(ours({ ...model, unk_token: null }), await theirs(model, 0));
    },
  );

  test('merges as lines of text are the same as pairs, but for tokens with spaces', async () => {
    const { vocabulary, merges } = randomMerges(60, { seed: 8, prefix: '', suffix: '' });
    const model = { type: 'BPE', vocab: idsOf([UNKNOWN, ...vocabulary]), merges, unk_token: UNKNOWN };
    const plain = merges.filter((pair) => !pair.join('').includes(' '));
    const lines = { ...model, merges: ['#version: 0.2', ...plain.map((pair) => pair.join(' '))] };
    expectSame(ours(lines), await theirs(lines));
    expectSame(ours(lines), ours({ ...model, merges: plain }));
    expect(ours(lines)).not.toEqual(ours(model));
  });
});

describe('Unigram gives the ids of the Rust implementation', () => {
  const pieces = [...KNOWN_CHARACTERS.slice(0, -1), ...WHOLE_TOKENS.slice(1), ...randomPieces(120, 3)];
  // Few scores and negative sums, so that ways through a text are equal or nearly so.
  const scored = (tokens: readonly string[]) =>
    tokens.map((token, i): [string, number] => [token, -[...token].length * 1.1 - (i % 3) * 0.7]);

  test.each(
    (['none', 'some', 'all'] as const).flatMap((bytes) => [0, 4].map((unknown) => ({ bytes, unknown }))),
  )('byte tokens: $bytes, unknown token $unknown', async ({ bytes, unknown }) => {
    const names = bytes === 'none' ? [] : byteTokenNames(bytes === 'some' ? [0xc3, 0x78] : []);
    const vocab = scored([...pieces.slice(0, unknown), ...pieces.slice(unknown), ...names]);
    vocab.splice(unknown, 0, ['<unk>', 0]);
    const model = { type: 'Unigram', unk_id: unknown, vocab, byte_fallback: bytes !== 'none' };
    expectSame(ours(model), await theirs(model));
  });

  test('without an unknown token a text with an unknown character is refused', async () => {
    const vocab = scored(pieces);
    const model = { type: 'Unigram', unk_id: null, vocab, byte_fallback: true };
    const expected = await rustIdsOrErrors({ model }, TEXTS);
    expectSame(
      ours(model),
      expected.map((ids) => ids ?? 'refused'),
    );
  });

  test('a token that is there twice has its last id and score', async () => {
    const vocab = [['<unk>', 0], ...scored(pieces), ['a', -9], ['b', -0.1], ['\u2581', -3]];
    const model = { type: 'Unigram', unk_id: 0, vocab };
    expectSame(ours(model), await theirs(model));
  });
});

test.each([0, 3, 100])(
  'WordPiece gives the ids of the Rust implementation, words of at most %d characters',
  async (max) => {
    const starts = [...KNOWN_CHARACTERS.slice(1), ...WHOLE_TOKENS, ...randomPieces(60, 4)];
    for (const prefix of ['##', '', '\u2581']) {
      const vocab = idsOf([
        '[UNK]',
        ...starts,
        ...[...KNOWN_CHARACTERS, ...randomPieces(60, 5)].map((token) => prefix + token),
      ]);
      const model = {
        ...{ type: 'WordPiece', vocab, unk_token: '[UNK]' },
        ...{ continuing_subword_prefix: prefix, max_input_chars_per_word: max },
      };
      expectSame(ours(model), await theirs(model));
      expectSame(ours({ ...model, unk_token: 'none' }), await theirs(model, 0));
    }
  },
);

test('WordLevel gives the ids of the Rust implementation', async () => {
  const vocab = idsOf(['[UNK]', ...TEXTS.filter((_, i) => i % 3 > 0), ...WHOLE_TOKENS]);
  const model = { type: 'WordLevel', vocab, unk_token: '[UNK]' };
  expectSame(ours(model), await theirs(model));
  expectSame(ours({ ...model, unk_token: 'none' }), await theirs(model, 0));
});

test('scores are read as Rust reads them, which decides between segmentations of equal scores', async () => {
  const random = new Pcg64(3);
  // Rust reads the last two as their neighbours.
  const vocab = [
    ...[['?', 0] as const, ['a', -11.510500543426417] as const, ['aaa', -5.647196043380021] as const],
    ...[['b', -9.218544748092533] as const, ['bb', -1.0302984955177035] as const],
  ];
  const model = { type: 'Unigram', unk_id: 0, vocab };
  const texts = Array.from({ length: 2000 }, () =>
    Array.from({ length: random.integers(3, 30) }, () => (random.random() < 0.7 ? 'a' : 'b')).join(''),
  );
  const encoded = (exact: boolean) => {
    const tokenizer = tokenizerOf(parseDefinition({ model }, 'tokenizer.json', exact), 'tokenizer.json');
    return texts.map((text) => tokenizer.encode(text));
  };
  expectSame(encoded(false), await rustIds({ model }, texts));
  expect(encoded(true)).not.toEqual(encoded(false));
});
