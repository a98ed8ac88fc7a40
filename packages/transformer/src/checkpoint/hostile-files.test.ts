import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constantFrom, integer, jsonValue, nat, oneof } from 'fast-check';
import { caseOf, expectForAll } from '@icl-gd/gpu-kernels/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../errors.ts';
import { describeModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { pickle, pickledTensor, zipOf } from '../testing/torch-archive.ts';
import { Checkpoint } from './checkpoint.ts';
import { readSafetensors } from './read-safetensors.ts';

const GPT2 = TINY_MODELS['gpt2'] as Readonly<Record<string, unknown>>;
const LLAMA = TINY_MODELS['llama, positions rescaled as in Llama 3'] as Readonly<Record<string, unknown>>;
const directory = mkdtempSync(join(tmpdir(), 'icl-gd-hostile-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What a model directory of these files is refused with; undefined if it is not. */
async function refusal(files: Readonly<Record<string, string | Uint8Array>>): Promise<unknown> {
  emptyDirectory();
  for (const [name, contents] of Object.entries({ 'config.json': JSON.stringify(GPT2), ...files }))
    writeFileSync(join(directory, name), contents);
  return describeModel(directory, { name: 'a model', warn: () => {} }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each<[string, () => Readonly<Record<string, string | Uint8Array>>, RegExp]>([
  [
    'a header of brackets',
    () => safetensors(`{"a":${'['.repeat(5e6)}`),
    /header is nested more than 64 deep/,
  ],
  ['a header of objects', () => safetensors(`{"a":[${'{},'.repeat(6e6)}{}]}`), /more than 5000000 values/],
  [
    'a name of 40 MB',
    () => safetensors(`{"${'x'.repeat(4e7)}":1}`),
    /name has 40000000 characters; at most 1024/,
  ],
  ['a name of escapes', () => safetensors(`{"${'\\"'.repeat(5e6)}":1}`), /name has 5000000 characters/],
  [
    'a dtype of 1 MB',
    () => safetensors(`{"w":{"dtype":"${'F'.repeat(1e6)}","shape":[],"data_offsets":[0,0]}}`),
    /unknown dtype/,
  ],
  [
    'a shape of 65',
    () => safetensors(`{"w":{"dtype":"F32","shape":[${'1,'.repeat(64)}0],"data_offsets":[0,0]}}`),
    /"w": shape/,
  ],
  [
    'more tensors than there are',
    () => safetensors(`{${Array.from({ length: 500_001 }, (_, i) => `"${i}":0`).join()}}`),
    /has more than 500000 keys/,
  ],
  [
    'an index of brackets',
    () => ({ 'model.safetensors.index.json': `{"weight_map":${'['.repeat(5e6)}` }),
    /nested more than 64/,
  ],
  [
    'a shard of a long name',
    () => ({ 'model.safetensors.index.json': `{"weight_map":{"w":"${'x'.repeat(5000)}"}}` }),
    /more than 1024 char/,
  ],
  ['a deep config.json', () => ({ 'config.json': '{"a":'.repeat(1e6) }), /nested more than 64 deep/],
  ['a wide config.json', () => ({ 'config.json': `[${'1,'.repeat(1e6)}1]` }), /more than 1000000 values/],
  [
    'a huge config.json',
    () => ({ 'config.json': `{"a":"${'x'.repeat(2 ** 24)}"}` }),
    /at most 16777216 are allowed/,
  ],
  ['a model type of 1 MB', () => ({ 'config.json': `{"model_type":"${'x'.repeat(1e6)}"}` }), /^.{0,300}$/],
  [
    'layers by the billion',
    () => ({
      'config.json': JSON.stringify({
        ...TINY_MODELS['gpt_neo, global and local attention'],
        attention_types: Array.from({ length: 50_000 }, () => [['global'], 10_000]),
      }),
    }),
    /describes 500000000 layers/,
  ],
  ['a pickle of marks', () => bin(Buffer.alloc(2e6, '(')), /leaves more than 1000 marks open/],
  [
    'a pickle of memos',
    () => bin(Buffer.concat([Buffer.from('N'), Buffer.alloc(4e6, 0x94)])),
    /remembers more than 2000000/,
  ],
  ['a pickle of nothings', () => bin(Buffer.alloc(4e6, 'N')), /more than 1000000 values in one list/],
  ['a pickle of lists', () => bin(Buffer.alloc(4e6, ']')), /more than 1000000 /],
  [
    'a key that contains itself',
    () => bin(Buffer.from('}]q\u0000h\u0000aNs.', 'latin1')),
    /a key of its dictionary is no name/,
  ],
  [
    'a pickled name of 2 MB',
    () => bin(pickle.dictionary([pickle.text('x'.repeat(2e6)), pickledTensor([2])]), '.'),
    /name has 2000000 characters/,
  ],
  [
    'a pickled shape of 65',
    () => bin(pickle.dictionary([pickle.text('w'), pickledTensor(Array<number>(65).fill(1))]), '.'),
    /in a way that PyTorch does not/,
  ],
])('%s', (_, files, message) => {
  it('is refused in one line of at most 300 characters', async () => {
    const error = await refusal(files());
    expect(error).toBeInstanceOf(UserError);
    const text = (error as UserError).message.replaceAll(directory, 'DIRECTORY');
    expect(text).toMatch(message);
    expect(text).not.toMatch(/\n/);
    expect(text.length).toBeLessThan(300);
  });
});

it('a view that repeats two numbers a billion times is refused when it is read', async () => {
  const view = pickledTensor([125e6, 8], { elements: 2, strides: [0, 0] });
  await refusal(bin(pickle.dictionary([pickle.text('w'), view]), '.'));
  await using checkpoint = await Checkpoint.open(directory);
  await expect(checkpoint.read('w')).rejects.toThrow(
    'repeats 1 stored elements to 1000000000; at most 16777216',
  );
});

it('a checkpoint of many shards keeps none of them open', async () => {
  emptyDirectory();
  const shards = Array.from({ length: 60 }, (_, i) => [`w${i}`, `${i}.safetensors`] as const);
  for (const [name, file] of shards)
    writeFileSync(
      join(directory, file),
      header(`{"${name}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`),
    );
  writeFileSync(
    join(directory, 'model.safetensors.index.json'),
    JSON.stringify({ weight_map: Object.fromEntries(shards) }),
  );
  const before = openFiles();
  await using checkpoint = await Checkpoint.open(directory);
  for (const [name] of shards) expect(await checkpoint.read(name)).toHaveLength(0);
  expect(openFiles()).toBeLessThan(before + 30);
});

it('a file that another has replaced is not read for the first', async () => {
  await writeNewModel(directory, GPT2, 1);
  await using checkpoint = await Checkpoint.open(directory);
  const path = join(directory, 'model.safetensors');
  const kept = join(directory, 'kept');
  renameSync(path, kept);
  copyFileSync(kept, path);
  await expect(checkpoint.read('transformer.wte.weight')).rejects.toThrow('another file has taken its place');
});

/** Values that readers stumble over. */
const EXTREMES = constantFrom<unknown>(
  ...[null, true, '', '__proto__', -1, 0, 0.5, 1e9, 2 ** 53, 1e308, [], {}, [[]], [1e9], 'constructor'],
);
const KEYS = [
  'rope_scaling',
  'rope_parameters',
  'layer_types',
  'head_dim',
  'pad_token_id',
  'hidden_size',
  '__proto__',
];

describe.each([
  'gpt2',
  'xglm',
  'llama, positions rescaled as in Llama 3',
  'qwen3, norms of queries and keys, windows by layer_types',
  'gpt_neo, global and local attention',
  'gpt_neox, parallel residual, half of each head rotated',
])('%s', (name) => {
  it('with any value for any key is a model or refused', async () => {
    const json = TINY_MODELS[name] as Readonly<Record<string, unknown>>;
    const keys = [...new Set([...Object.keys(json), ...KEYS])];
    await writeNewModel(directory, json, 1);
    await expectForAll(
      caseOf({ key: constantFrom(...keys), value: oneof(EXTREMES, jsonValue()) }),
      100,
      async ({ key, value }) => {
        const rest = Object.entries(json).filter(([other]) => other !== key);
        const texts = [...rest, [key, value]].map((entry) =>
          entry.map((part) => JSON.stringify(part)).join(':'),
        );
        writeFileSync(join(directory, 'config.json'), `{${texts.join()}}`);
        await isModelOrRefused();
      },
    );
  });
});

const INDEX = 'model.safetensors.index.json';

describe.each<[string, () => Promise<void>]>([
  ['config.json', () => writeNewModel(directory, LLAMA, 1)],
  ['model.safetensors', () => writeNewModel(directory, GPT2, 1)],
  [
    INDEX,
    async () => {
      await writeNewModel(directory, GPT2, 1);
      const names = (await readSafetensors(join(directory, 'model.safetensors'))).keys();
      const weightMap = Object.fromEntries(Array.from(names, (name) => [name, 'a.safetensors']));
      renameSync(join(directory, 'model.safetensors'), join(directory, 'a.safetensors'));
      writeFileSync(join(directory, INDEX), JSON.stringify({ weight_map: weightMap }));
    },
  ],
])('%s', (file, write) => {
  it('with bytes changed, doubled or left out is a model or refused', async () => {
    emptyDirectory();
    await write();
    const path = join(directory, file);
    const original = readFileSync(path);
    // Most of what can be wrong is in the first bytes.
    const reach = Math.min(original.length, 4000);
    const edits = caseOf({
      at: integer({ min: 0, max: reach - 1 }),
      length: nat(40),
      kind: constantFrom('replace', 'remove', 'double', 'zero'),
      text: constantFrom('{', '}', '[', ']', '"', ',', ':', '-', '9', '\\', '\u0000', 'null', '"__proto__":'),
    });
    await expectForAll(edits, 250, async ({ at, length, kind, text }) => {
      const [before, middle, after] = [0, at, at + length].map((start, i) =>
        original.subarray(start, i === 0 ? at : i === 1 ? at + length : original.length),
      ) as [Buffer, Buffer, Buffer];
      const changed = {
        replace: [before, Buffer.from(text), after],
        remove: [before, after],
        double: [before, middle, middle, after],
        zero: [before, Buffer.alloc(length), after],
      }[kind];
      writeFileSync(path, Buffer.concat(changed));
      await isModelOrRefused();
    });
  });
});

async function isModelOrRefused(): Promise<void> {
  try {
    await describeModel(directory, {
      name: 'a model',
      warn: (line) => expect(line.length).toBeLessThan(400),
    });
    await using checkpoint = await Checkpoint.open(directory);
    for (const name of checkpoint.tensors.keys()) await checkpoint.read(name);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
  }
}

function emptyDirectory(): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
}

function header(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

function safetensors(text: string): Readonly<Record<string, Uint8Array>> {
  return { 'model.safetensors': header(text) };
}

/** A weights file of a pickle of two numbers' data. */
function bin(value: Buffer, stop = ''): Readonly<Record<string, Uint8Array>> {
  const data = Buffer.concat([pickle.start, value, Buffer.from(stop)]);
  return {
    'pytorch_model.bin': zipOf([
      { name: 'm/data.pkl', data },
      { name: 'm/data/0', data: Buffer.alloc(8) },
    ]),
  };
}

/** How many files this process has open. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}
