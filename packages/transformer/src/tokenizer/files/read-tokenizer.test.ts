import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../errors.ts';
import { loadTokenizer } from '../tokenizer.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'read-tokenizer-'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function folder(files: Record<string, unknown>, inside = '.'): Promise<string> {
  const directory = join(root, inside);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return directory;
}

async function refusal(files: Record<string, unknown>): Promise<string> {
  const error: unknown = await loadTokenizer(await folder(files)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: true };
const model = { type: 'BPE', vocab: { a: 0, b: 1, '\u0120': 2, A: 3 }, merges: [] };
const definition = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: byteLevel,
  decoder: byteLevel,
  model,
};

test.each(['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model', 'vocab.txt', 'tekken.json'])(
  '%s alone is refused with what to do',
  async (name) => {
    const message = await refusal({ [name]: 'a' });
    expect(message).toContain(`no tokenizer.json, and ${name} is not read here`);
    expect(message).toContain('AutoTokenizer.from_pretrained(folder).save_pretrained(folder)');
  },
);

test('what transformers prefers to vocab.json is refused beside it, and does not matter beside tokenizer.json', async () => {
  const pair = { 'vocab.json': model.vocab, 'merges.txt': '' };
  expect(await refusal({ ...pair, 'tokenizer.model': 'a' })).toContain('tokenizer.model is not read here');
  expect((await loadTokenizer(await folder({ 'tokenizer.json': definition }))).encode('ab')).toEqual([0, 1]);
});

test.each<[string, unknown]>([
  ['fix_mistral_regex', true],
  ['auto_map', { AutoTokenizer: ['tokenization_own.OwnTokenizer', null] }],
  ['auto_map', ['tokenization_own.OwnTokenizer', null]],
  ['backend', 'sentencepiece'],
  ['init_inputs', ['a']],
  ['fast_tokenizer_files', ['tokenizer.json', 'tokenizer.4.0.0.json']],
  ['vocab', { a: 0 }],
])('%s of tokenizer_config.json is refused by its name', async (key, value) => {
  const message = await refusal({ 'tokenizer.json': definition, 'tokenizer_config.json': { [key]: value } });
  expect(message).toContain(`tokenizer_config.json: ${key} makes another tokenizer`);
});

test('keys of tokenizer_config.json that change no id are not in the way', async () => {
  const settings = {
    ...{
      model_max_length: 1e30,
      clean_up_tokenization_spaces: true,
      add_bos_token: true,
      chat_template: '{{ x }}',
    },
    ...{
      fix_mistral_regex: false,
      auto_map: { AutoModel: 'own.Own' },
      backend: 'tokenizers',
      pad_token: null,
    },
    ...{ fast_tokenizer_files: ['tokenizer.json'], init_inputs: [], legacy: null, errors: 'replace' },
  };
  const directory = await folder({ 'tokenizer.json': definition, 'tokenizer_config.json': settings });
  expect((await loadTokenizer(directory)).encode('b a')).toEqual([1, 2, 0]);
});

describe('the class', () => {
  test('one that is not known is refused', async () => {
    const files = {
      'tokenizer.json': definition,
      'tokenizer_config.json': { tokenizer_class: 'T5TokenizerFast' },
    };
    expect(await refusal(files)).toContain('tokenizer_class "T5TokenizerFast" is not supported');
  });

  const other = { ...definition, normalizer: { type: 'Lowercase' } };
  const warnings = async (directory: string): Promise<string[]> => {
    const lines: string[] = [];
    const tokenizer = await loadTokenizer(directory, { warn: (line) => lines.push(line) });
    lines.push(tokenizer.encode('A').join());
    return lines;
  };

  test('where it has other steps than tokenizer.json, that is said', async () => {
    const config = { 'config.json': { model_type: 'gpt2' } };
    const lines = await warnings(await folder({ 'tokenizer.json': other, ...config }));
    expect(lines).toEqual([expect.stringMatching(/reads this folder as GPT2Tokenizer/), '3']);
    expect(await warnings(await folder({ 'tokenizer.json': definition, ...config }))).toEqual(['3']);
    const named = { 'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast' } };
    expect(await warnings(await folder({ 'tokenizer.json': other, ...config, ...named }))).toEqual(['0']);
  });

  test('repositories that transformers takes as they stand, by their names in the cache', async () => {
    const files = {
      'tokenizer.json': other,
      'config.json': { model_type: 'llama' },
      'tokenizer_config.json': { tokenizer_class: 'LlamaTokenizerFast' },
    };
    const snapshot = (name: string): string => `models--deepseek-ai--${name}/snapshots/0123`;
    expect(await warnings(await folder(files, snapshot('deepseek-coder-1.3b-base')))).toEqual(['0']);
    await expect(loadTokenizer(await folder(files, snapshot('deepseek-llm-7b-base')))).rejects.toThrow(
      'reads this folder as LlamaTokenizer, but its pre_tokenizer is byte-level',
    );
  });

  test('where the family settles it, no other class is advised', async () => {
    const words = { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' };
    const message = await refusal({
      'tokenizer.json': { ...definition, model: words },
      'config.json': { model_type: 'qwen2' },
      'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast' },
    });
    expect(message).toContain(
      'reads this folder as Qwen2Tokenizer, but its model is not BPE; it does so for every qwen2',
    );
  });
});
