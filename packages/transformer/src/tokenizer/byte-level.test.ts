import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadTokenizer } from './tokenizer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'byte-level-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const byteLevel = { type: 'ByteLevel', add_prefix_space: false };

/** The character that stands for each byte in a byte-level vocabulary: the printable ones for themselves, others from U+0100 on. */
const BYTE_LETTERS = (() => {
  let others = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCodePoint(printable ? byte : others++);
  });
})();

/** Checks where a text is cut: the pieces alone are the vocabulary, so that any other piece is unknown. */
async function expectPieces(pieces: readonly string[], preTokenizer: object = byteLevel): Promise<void> {
  const bytes = (text: string): string =>
    [...Buffer.from(text)].map((byte) => BYTE_LETTERS[byte] as string).join('');
  const vocab = Object.fromEntries(['[UNK]', ...new Set(pieces.map(bytes))].map((piece, id) => [piece, id]));
  const definition = {
    ...{ pre_tokenizer: preTokenizer, decoder: byteLevel },
    model: { type: 'WordLevel', unk_token: '[UNK]', vocab },
  };
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(definition));
  const tokenizer = await loadTokenizer(directory);
  const ids = tokenizer.encode(pieces.join(''));
  expect(ids.map((id) => (id === 0 ? 'unknown' : tokenizer.decode([id])))).toEqual(pieces);
}

test.each([
  ['contractions', ['I', "'ll", ' we', "'ve", ' it', "'s", ' don', "'t", ' I', "'m", ' he', "'d"]],
  ['more contractions', ['you', "'re", ' o', "'", 'clock', " '", 'tis', " '", 's', "'", 'S']],
  ['letters, numbers and punctuation', ['ab', '12', 'cd', '3', '!?', ' x', ' 4', ' (', '5', '),', 'é', '½']],
  ['white space', ['a', ' ', ' b', '\n', '\n', 'c', '\t', 'd', ' \t', '\n', 'e', '  ']],
  ['U+0085 and U+FEFF', ['a', '\u{85}', '!', '\u{85}', 'b', ' \u{feff}!', ' \u{feff}', 'c', '\u{85}', '7']],
])('a text is cut as GPT-2 does: %s', async (_, pieces) => {
  await expectPieces(pieces);
  await expectPieces(pieces, { type: 'Sequence', pretokenizers: [byteLevel] });
});

test('a ByteLevel that is told to cut nothing cuts nothing', async () => {
  const uncut = { ...byteLevel, use_regex: false };
  await expectPieces(["It's 3 o'clock!"], uncut);
  const digits = { type: 'Digits', individual_digits: true };
  await expectPieces(['at ', '1', '2', " o'clock"], { type: 'Sequence', pretokenizers: [digits, uncut] });
});

test.each(['\n', '\r\n'])(
  'merges.txt with lines that end in %j, its first and empty ones left out',
  async (end) => {
    await writeFile(join(directory, 'vocab.json'), '{"a": 0, "#": 1, "##": 2, "a##": 3}');
    await writeFile(join(directory, 'merges.txt'), ['#version: 0.2', '# #', '', 'a ##', ''].join(end));
    expect((await loadTokenizer(directory)).encode('a###')).toEqual([0, 2, 1]);
    expect((await loadTokenizer(directory)).encode('##a')).toEqual([2, 0]);
  },
);
