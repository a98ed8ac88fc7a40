import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { type NamedTensor, writeSafetensors } from '../checkpoint/write-safetensors.ts';
import { describeModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { torchFile } from '../testing/torch-archive.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';

const LLAMA = TINY_MODELS['llama, tied, with biases'] as Readonly<Record<string, unknown>>;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-warnings-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A model directory with more in it than the model, and what is said of it. */
async function warnings(
  more: (stored: readonly NamedTensor[]) => readonly NamedTensor[],
  config: Readonly<Record<string, unknown>> = LLAMA,
): Promise<string[]> {
  await writeNewModel(directory, LLAMA, 1);
  const stored: NamedTensor[] = [];
  {
    await using checkpoint = await Checkpoint.open(directory);
    for (const { name, shape } of checkpoint.tensors.values())
      stored.push({ name, shape, data: await checkpoint.read(name), dtype: 'float32' });
  }
  await writeSafetensors(join(directory, 'model.safetensors'), [...stored, ...more(stored)], {
    format: 'pt',
  });
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  return said();
}

async function said(): Promise<string[]> {
  const lines: string[] = [];
  await describeModel(directory, { name: 'a model', warn: (line) => lines.push(line) });
  return lines.map((line) => line.replaceAll(`${directory}/`, '').replaceAll(directory, 'DIRECTORY'));
}

const tensor = (name: string, shape = [2]): NamedTensor => ({
  name,
  shape,
  data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
  dtype: 'float32',
});

test('nothing is said of a model that is used whole, nor of masks and tables stored beside the weights', async () => {
  const buffers = [
    ...['h.0.attn.bias', 'h.1.attn.masked_bias', 'h.0.attn.attention.bias', 'model.rotary_emb.inv_freq'],
    ...[
      'layers.0.attention.masked_bias',
      'layers.0.attention.rotary_emb.inv_freq',
      'model.embed_positions.weights',
    ],
  ];
  expect(await warnings(() => buffers.map((name) => tensor(name)))).toEqual([]);
});

test('unused tensors are counted and some of them named in one line of at most 300 characters', async () => {
  expect(await warnings(() => [tensor('model.layers.1.self_attn.rope.bias')])).toEqual([
    'DIRECTORY: 1 tensor is not used: model.layers.1.self_attn.rope.bias',
  ]);
  const many = Array.from({ length: 40 }, (_, i) => tensor(`model.layers.0.mlp.experts.${i}.weight`));
  const [line, ...rest] = await warnings(() => [...many, tensor('x'.repeat(500))]);
  expect(rest).toEqual([]);
  expect(line).toMatch(
    /^DIRECTORY: 41 tensors are not used: model\.layers\.0\.mlp\.experts\.0\.weight, .* and \d+ more$/,
  );
  expect(line?.length).toBeLessThan(300);
});

test('layers beyond those of config.json are told by their numbers', async () => {
  const layers = ['model.layers.2.mlp.up_proj.weight', 'model.layers.4.mlp.up_proj.weight'];
  expect(await warnings(() => layers.map((name) => tensor(name)))).toEqual([
    'DIRECTORY: config.json has 2 layers, the checkpoint 5: those from layer 2 on, counted from 0, are not used: model.layers.2.mlp.up_proj.weight, model.layers.4.mlp.up_proj.weight',
  ]);
});

test('an unembedding of its own is told where config.json ties it, unless it is the embedding', async () => {
  const embedding = (stored: readonly NamedTensor[]): NamedTensor =>
    stored.find(({ name }) => name === 'model.embed_tokens.weight') as NamedTensor;
  const copied = (stored: readonly NamedTensor[]): NamedTensor => ({
    ...embedding(stored),
    name: 'lm_head.weight',
  });
  expect(await warnings((stored) => [copied(stored)])).toEqual([]);
  // Rounded to float16 it is another one.
  expect(await warnings((stored) => [{ ...copied(stored), dtype: 'float16' } as NamedTensor])).toEqual([
    'DIRECTORY: lm_head.weight is not used: it differs from the token embeddings, and config.json ties them; transformers 5 uses it all the same, as this program does with "tie_word_embeddings": false',
  ]);
  expect(await warnings(() => [tensor('lm_head.weight', [3, 4])])).toHaveLength(1);
  expect(await warnings((stored) => [copied(stored)], { ...LLAMA, tie_word_embeddings: false })).toEqual([]);
});

test('an unembedding that shares the storage of the embedding is not read for it', async () => {
  await writeNewModel(directory, LLAMA, 1);
  const tensors: { name: string; shape: readonly number[]; data: Float32Array }[] = [];
  {
    await using checkpoint = await Checkpoint.open(directory);
    for (const { name, shape } of checkpoint.tensors.values())
      tensors.push({ name, shape, data: await checkpoint.read(name) });
  }
  await rm(join(directory, 'model.safetensors'));
  await writeFile(join(directory, 'pytorch_model.bin'), torchFile(tensors));
  expect(await said()).toEqual([]);
});

test('adapters beside the weights, and keys that are not known', async () => {
  const config = { ...LLAMA, logit_softcapping: 30, rope_parameters: { rope_type: 'default', factor: 2 } };
  await warnings(() => [], config);
  await writeFile(join(directory, 'adapter_config.json'), '{}');
  await writeFile(join(directory, 'adapter_model.safetensors'), '');
  expect(await said()).toEqual([
    'config.json: not read, as no llama model is known to have it: logit_softcapping, rope_parameters.factor',
    'adapter_config.json: adapters are not applied; merge them into the weights first',
  ]);
});

test('an adapter alone, or weights in forms that are not read, are named with what to do', async () => {
  await writeNewModel(directory, LLAMA, 1);
  const refusal = (): Promise<string> => describeModel(directory).then(String, String);
  await rename(join(directory, 'model.safetensors'), join(directory, 'model.gguf'));
  await writeFile(join(directory, 'consolidated.00.pth'), '');
  expect(await refusal()).toMatch(
    /found no weights .*; there is consolidated\.00\.pth, model\.gguf; save the/,
  );
  await writeFile(join(directory, 'adapter_config.json'), '{}');
  expect(await refusal()).toMatch(/found no weights .*; there is an adapter, .*merge it into them/);
  await rm(join(directory, 'config.json'));
  expect(await refusal()).toMatch(/config\.json: there is no model configuration; there is an adapter, /);
});

test('a dtype that is not read is refused before anything is loaded', async () => {
  await writeNewModel(directory, LLAMA, 1);
  const file = join(directory, 'model.safetensors');
  const content = await readFile(file, 'latin1');
  const norm = /("model\.norm\.weight":\{"dtype":)"F32","shape":\[(\d+)\]/;
  await writeFile(
    file,
    content.replace(norm, (_, start: string, n: string) => `${start}"I32","shape":[${n}]`),
    'latin1',
  );
  await expect(describeModel(directory)).rejects.toThrow(
    'tensor "model.norm.weight" has dtype I32; weights are read from F32, F64, F16, BF16',
  );
});

test('tensors that the index of shards does not have, or has in another shard', async () => {
  await writeNewModel(directory, LLAMA, 1);
  const names: string[] = [];
  {
    await using checkpoint = await Checkpoint.open(directory);
    names.push(...checkpoint.tensors.keys());
  }
  await rename(join(directory, 'model.safetensors'), join(directory, 'a.safetensors'));
  await writeSafetensors(join(directory, 'b.safetensors'), [tensor('model.norm.weight'), tensor('b')], {});
  const weightMap = {
    ...Object.fromEntries(names.map((name) => [name, 'a.safetensors'])),
    b: 'b.safetensors',
  };
  await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  expect(await said()).toEqual([
    'DIRECTORY: 1 tensor is not used: b',
    'DIRECTORY: not used, as the index of shards does not have them there (1): model.norm.weight',
  ]);
});
