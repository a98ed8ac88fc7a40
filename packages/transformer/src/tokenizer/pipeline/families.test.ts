import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CASES, hardTexts } from '../testing/component-cases.ts';
import { randomTexts } from '../testing/random-texts.ts';
import { rustComponents, rustIds, rustTexts } from '../testing/rust-tokenizer.ts';
import { loadTokenizer } from '../tokenizer.ts';

const texts = [...randomTexts(1200, 3), ...hardTexts(800, 3)];

const byteLevel = (prefix: boolean, regex: boolean): object => ({
  ...{ type: 'ByteLevel', add_prefix_space: prefix, trim_offsets: true, use_regex: regex },
});
const metaspace = (scheme: string, split: boolean): object => ({
  ...{ type: 'Metaspace', replacement: '\u{2581}', prepend_scheme: scheme, split },
});
const inTurn = (pretokenizers: readonly object[]): object => ({ type: 'Sequence', pretokenizers });
const { normalizer, pre_tokenizer: cuts, decoder } = CASES;
const FAMILIES: Readonly<Record<string, { normalizer?: object; pre_tokenizer?: object; decoder: object }>> = {
  'GPT-2, OPT, GPT-Neo': { pre_tokenizer: byteLevel(false, true), decoder: byteLevel(true, true) },
  'byte-level with a prefix space': { pre_tokenizer: byteLevel(true, true), decoder: byteLevel(true, true) },
  'GPT-NeoX, Pythia': {
    ...{ normalizer: { type: 'NFC' }, pre_tokenizer: byteLevel(false, true), decoder: byteLevel(true, true) },
  },
  'Llama 3': { pre_tokenizer: cuts['Sequence of Llama 3']!, decoder: byteLevel(true, true) },
  'StarCoder, SmolLM': { pre_tokenizer: cuts['Sequence of StarCoder']!, decoder: byteLevel(true, true) },
  'Llama, TinyLlama, Gemma': { normalizer: normalizer['Sequence of Llama']!, decoder: decoder['Sequence']! },
  'Mistral, cut at its marks': { pre_tokenizer: metaspace('first', true), decoder: decoder['Sequence']! },
  XGLM: {
    normalizer: normalizer['Sequence of XGLM']!,
    pre_tokenizer: inTurn([{ type: 'WhitespaceSplit' }, metaspace('always', true)]),
    decoder: metaspace('always', true),
  },
  BERT: {
    normalizer: normalizer['BertNormalizer true true null true']!,
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  },
};

test.each(Object.keys(FAMILIES))('%s: the ids and texts of the Rust implementation', async (name) => {
  const { pre_tokenizer: preTokenizer = null, ...others } = FAMILIES[name]!;
  const definition = { ...others, pre_tokenizer: preTokenizer };
  const { normalize, preTokenize } = rustComponents(definition);
  const pieces = new Set(
    texts.map(normalize).flatMap((text) => (preTokenizer === null ? [text] : preTokenize(text))),
  );
  const vocab = Object.fromEntries(['<unk>', ...pieces].map((piece, id) => [piece, id]));
  const whole = { ...definition, model: { type: 'WordLevel', vocab, unk_token: '<unk>' } };
  const directory = await mkdtemp(join(tmpdir(), 'families-'));
  try {
    await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(whole));
    const tokenizer = await loadTokenizer(directory);
    const ids = texts.map((text) => tokenizer.encode(text));
    expect(ids).toEqual(await rustIds(whole, texts));
    expect(ids.flat().filter((id) => id === 0)).toEqual([]);
    expect(ids.map((list) => tokenizer.decode(list))).toEqual(await rustTexts(whole, ids));
  } finally {
    await rm(directory, { recursive: true });
  }
});
