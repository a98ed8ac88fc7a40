import { readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  Checkpoint,
  loadTokenizer,
  readModelConfig,
  writeRandomCheckpoint,
  writeSafetensors,
} from '@icl-gd/transformer';
import { readJsonFile } from '../../../packages/transformer/src/checkpoint/json-file.ts';
import { folderSource } from '../../../packages/transformer/src/source/folder.ts';
import { TINY_MODELS } from '../../../packages/transformer/src/testing/tiny-models.ts';
import { torchFile } from '../../../packages/transformer/src/testing/torch-archive.ts';
import { damagedFiles } from '../damaged-files.ts';
import type { FileSubject, Reader } from '../reader.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/own-text-gpt2/model');

/** Subjects that are files of folders below one, each read with its folder as a whole. */
function subjectsIn(
  folder: string,
  read: (directory: string) => Promise<unknown>,
): { readonly subjects: readonly FileSubject[]; readonly add: (directory: string, file: string) => void } {
  const subjects: FileSubject[] = [];
  const add = (directory: string, file: string): void => {
    const place = join(folder, directory);
    subjects.push({ file: join(place, file), read: () => read(place) });
  };
  return { subjects, add };
}

async function readWeights(directory: string): Promise<void> {
  const checkpoint = await Checkpoint.open(directory);
  try {
    for (const name of checkpoint.tensors.keys()) await checkpoint.read(name);
  } finally {
    await checkpoint.close();
  }
}

/** safetensors, a PyTorch archive, and two shards with their index. */
export const weights: Reader = {
  name: 'weights',
  share: 4,
  async prepare(folder) {
    const { subjects, add } = subjectsIn(folder, readWeights);
    const single = join(folder, 'single');
    await writeRandomCheckpoint(single, TINY_MODELS['gpt2']!, { seed: 1, dtype: 'float16' });
    add('single', 'model.safetensors');
    await mkdir(join(folder, 'torch'));
    const data = new Float32Array(8).fill(1);
    await writeFile(
      join(folder, 'torch/pytorch_model.bin'),
      torchFile(['a', 'b'].map((name) => ({ name, shape: [2, 4], data }))),
    );
    add('torch', 'pytorch_model.bin');
    const map: Record<string, string> = {};
    await mkdir(join(folder, 'shards'));
    for (const name of ['a', 'b']) {
      const tensor = { name, shape: [2, 4], dtype: 'float32' as const, data };
      await writeSafetensors(join(folder, 'shards', `${name}.safetensors`), [tensor]);
      map[name] = `${name}.safetensors`;
    }
    await writeFile(join(folder, 'shards/model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    add('shards', 'model.safetensors.index.json');
    add('shards', 'a.safetensors');
    return damagedFiles(subjects);
  },
};

/** config.json of every family. */
export const configurations: Reader = {
  name: 'config.json',
  share: 3,
  async prepare(folder) {
    const subjects: FileSubject[] = [];
    for (const [at, json] of Object.values(TINY_MODELS).entries()) {
      const file = join(folder, `${at}.json`);
      await writeFile(file, JSON.stringify(json));
      const read = async (): Promise<unknown> => {
        const source = folderSource(dirname(file));
        const config = await readJsonFile(source, basename(file), 'model configuration');
        return readModelConfig(config as Record<string, unknown>, file);
      };
      subjects.push({ file, read });
    }
    return damagedFiles(subjects);
  },
};

const TEXT = 'The film\u{2019}s a delight, isn\u{2019}t it? \u{1f600} 12 caf\u{e9}s';
const PIECES = ['\u{2581}', '\u{2581}the', 'a', 'e', 'm', 'f', 'i', 'l', '<unk>', '<s>', '<0xC3>', '<0xA9>'];
const METASPACE = { type: 'Metaspace', replacement: '\u{2581}', prepend_scheme: 'always', split: true };
const TOKENIZERS = [
  {
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
    },
    pre_tokenizer: METASPACE,
    decoder: METASPACE,
    model: {
      type: 'Unigram',
      unk_id: 8,
      byte_fallback: true,
      vocab: PIECES.map((piece, i) => [piece, -i - 1]),
    },
  },
  {
    added_tokens: [
      { id: 9, content: '<s>', special: true, normalized: false },
      { id: 12, content: 'film', special: false, normalized: true, single_word: true },
    ],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '\u{2581}' },
        { type: 'Replace', pattern: { String: ' ' }, content: '\u{2581}' },
      ],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u{2581}' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])),
      merges: [],
    },
  },
  {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: { '[UNK]': 0, the: 1, film: 2, '##s': 3 },
    },
  },
  {
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: "\\p{N}{1,3}|[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|(?i:'s|'t)" },
          behavior: 'Isolated',
          invert: false,
        },
        { type: 'Digits', individual_digits: true },
        { type: 'Punctuation', behavior: 'Isolated' },
        { type: 'WhitespaceSplit' },
      ],
    },
    model: { type: 'WordLevel', unk_token: '?', vocab: { '?': 0, The: 1 } },
  },
];

async function encodeText(directory: string): Promise<string> {
  const tokenizer = await loadTokenizer(directory);
  return tokenizer.decode(tokenizer.encode(TEXT));
}

/** tokenizer.json of every kind of model, and the files that count beside it. */
export const tokenizers: Reader = {
  name: 'tokenizer',
  share: 4,
  async prepare(folder) {
    const { subjects, add } = subjectsIn(folder, encodeText);
    for (const [at, definition] of TOKENIZERS.entries()) {
      await mkdir(join(folder, `${at}`));
      await writeFile(join(folder, `${at}`, 'tokenizer.json'), JSON.stringify(definition));
      add(`${at}`, 'tokenizer.json');
    }
    await mkdir(join(folder, 'beside'));
    await cp(join(FIXTURE, 'tokenizer.json'), join(folder, 'beside/tokenizer.json'));
    const token = {
      content: '<x>',
      special: false,
      normalized: false,
      lstrip: false,
      rstrip: false,
      single_word: false,
    };
    await writeFile(
      join(folder, 'beside/tokenizer_config.json'),
      JSON.stringify({
        tokenizer_class: 'GPT2Tokenizer',
        add_prefix_space: false,
        added_tokens_decoder: { 454: token },
      }),
    );
    await writeFile(
      join(folder, 'beside/special_tokens_map.json'),
      JSON.stringify({ bos_token: '<x>', unk_token: { content: '<x>' } }),
    );
    for (const file of ['tokenizer_config.json', 'special_tokens_map.json']) add('beside', file);
    await mkdir(join(folder, 'pair'));
    const merges = readFileSync(join(FIXTURE, 'merges.txt'), 'utf8').split('\n').slice(0, 40).join('\n');
    await cp(join(FIXTURE, 'vocab.json'), join(folder, 'pair/vocab.json'));
    await writeFile(join(folder, 'pair/merges.txt'), merges);
    await writeFile(join(folder, 'pair/added_tokens.json'), JSON.stringify({ '<y>': 454 }));
    for (const file of ['vocab.json', 'merges.txt', 'added_tokens.json']) add('pair', file);
    return damagedFiles(subjects);
  },
};
