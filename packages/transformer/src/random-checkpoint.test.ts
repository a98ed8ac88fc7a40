import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { describeModel } from './model.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { TINY_MODELS } from './testing/tiny-models.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-random-'));
});
afterEach(() => rm(directory, { recursive: true }));

test.each(Object.entries(TINY_MODELS))('%s: a model that can be opened, by its seed', async (_, json) => {
  const bytes = async (seed: number): Promise<Buffer> => {
    await writeRandomCheckpoint(directory, json, { seed, dtype: 'float16' });
    return readFile(join(directory, 'model.safetensors'));
  };
  const first = await bytes(3);
  expect((await bytes(4)).equals(first)).toBe(false);
  expect((await bytes(3)).equals(first)).toBe(true);
  await describeModel(directory);
});

test('weights are uniform with deviation 0.02, norms 1 and 0, no tensor like another', async () => {
  const wide = { ...TINY_MODELS['xglm'], vocab_size: 600_000 };
  await writeRandomCheckpoint(directory, wide, { seed: 3, dtype: 'float32' });
  await using checkpoint = await Checkpoint.open(directory);
  const embedding = await checkpoint.read('model.embed_tokens.weight');
  const mean = (values: Float32Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  expect(Math.abs(mean(embedding))).toBeLessThan(1e-4);
  expect(mean(embedding.map((x) => x * x)) / 0.02 ** 2).toBeCloseTo(1, 2);
  expect(embedding.reduce((most, x) => Math.max(most, Math.abs(x)), 0)).toBeLessThan(0.02 * 1.7321);
  expect(new Set(await checkpoint.read('model.layer_norm.weight'))).toEqual(new Set([1]));
  expect(new Set(await checkpoint.read('model.layer_norm.bias'))).toEqual(new Set([0]));
  const [q, k] = [
    await checkpoint.read('model.layers.0.self_attn.q_proj.weight'),
    await checkpoint.read('model.layers.0.self_attn.k_proj.weight'),
  ];
  expect(new Set([...q, ...k]).size).toBeGreaterThan(1.9 * q.length);
});
