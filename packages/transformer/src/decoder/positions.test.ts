import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planMemory } from '../memory/plan.ts';
import { type Model, loadModel } from '../model.ts';
import { readModelConfig } from '../model-config.ts';
import { writeNewModel } from '../new-model.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { PositionTable } from './positions.ts';

const MILLION = 2 ** 20;
const LLAMA = {
  ...TINY_MODELS['llama, positions rescaled linearly'],
  ...{ num_hidden_layers: 1, max_position_embeddings: MILLION },
};
const XGLM = { ...TINY_MODELS['xglm'], max_position_embeddings: MILLION, pad_token_id: 5 };

const gpu = useGpu();
let directory: string;
let model: Model;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-positions-'));
  await writeNewModel(directory, LLAMA, 5);
  model = await loadModel(gpu(), directory);
});
afterAll(async () => {
  model.dispose();
  await rm(directory, { recursive: true });
});

test.each([LLAMA, XGLM])(
  'a table of $model_type grows with what is asked for, and keeps its rows',
  async (json) => {
    const config = readModelConfig(json, 'config.json');
    using positions = new PositionTable(gpu(), config);
    const few = positions.atLeast(3);
    expect(few.shape[0]).toBe(4096);
    const first = await gpu().read(few);
    expect(positions.atLeast(4096)).toBe(few);
    const many = positions.atLeast(4097);
    expect(many.shape).toEqual([8192, ...few.shape.slice(1)]);
    const grown = await gpu().read(many);
    expect(grown.subarray(0, first.length)).toEqual(first);
    expect(grown.subarray(first.length).every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(grown.at(-1)).not.toBe(0);
    expect(positions.atLeast(5)).toBe(many);
  },
);

test('a table is never longer than the context', () => {
  const config = readModelConfig({ ...XGLM, max_position_embeddings: 5000 }, 'config.json');
  using positions = new PositionTable(gpu(), config, false);
  expect(positions.atLeast(5002).shape[0]).toBe(5002);
});

test('the row of the padding token is zero, and no other', async () => {
  using positions = new PositionTable(gpu(), readModelConfig(XGLM, 'config.json'));
  const table = await gpu().read(positions.atLeast(1));
  const empty = Array.from({ length: 4096 }, (_, row) => row).filter((row) =>
    table.subarray(row * 12, (row + 1) * 12).every((value) => value === 0),
  );
  expect(empty).toEqual([5]);
});

test('work recorded with the shorter table is not disturbed by a longer sequence', async () => {
  const short = [{ tokens: [3, 1, 4, 1, 5], probes: [], logProbs: [{ row: 4, token: 2 }] }];
  const long = [{ tokens: Array<number>(5000).fill(7), probes: [], logProbs: [{ row: 4999, token: 2 }] }];
  const before = model.evaluate(short);
  const between = model.evaluate(long);
  expect(await model.evaluate(short)).toEqual(await before);
  expect((await between)[0]?.logProbs[0]).toBeLessThan(0);
});

test('the plan has the table of the longest sequence, the context before it included', () => {
  const { config } = model;
  const batches = [[{ tokens: Array<number>(4000).fill(0), probes: [], logProbs: [{ row: 0, token: 0 }] }]];
  const plan = (context?: number): number =>
    planMemory(
      config,
      { dtype: 'float32', batches, ...(context ? { context: { tokens: context, batches } } : {}) },
      gpu(),
    ).weights;
  const rowBytes = 4 * config.headDim;
  expect(plan(97) - plan()).toBe(4096 * rowBytes);
  expect(plan(96)).toBe(plan());
});
