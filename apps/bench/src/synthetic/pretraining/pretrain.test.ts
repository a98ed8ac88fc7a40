import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EMBEDDED_MODEL } from '../embedded.ts';
import type { Progress } from '../../experiment/progress.ts';
import { type PretrainRequest, pretrain } from './pretrain.ts';
import { type Recipe, learningRateAt, recipes } from './recipe.ts';

const TINY = recipes()[0] as Recipe;
/** The tiny recipe with less of everything. */
const SHORT: Recipe = {
  ...TINY,
  steps: 4,
  batchTokens: 200,
  checkpointEvery: 2,
  learningRate: { peak: 3e-3, warmupSteps: 2, floor: 0 },
};
/** The shipped log is from another adapter: float32 sums in another order, through three updates. */
const OTHER_ADAPTER = 2e-4;

let directory: string;
const lines: string[] = [];
const progress: Progress = {
  start: () => {},
  advance: () => {},
  line: (text) => lines.push(text),
  stop: () => {},
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-pretrain-'));
});
afterAll(() => rm(directory, { recursive: true }));

function train(out: string, request: Partial<PretrainRequest> = {}) {
  const adapter = process.env['ICL_GD_ADAPTER'] ?? 'auto';
  return pretrain(
    { recipe: SHORT, seed: 0, adapter, out: join(directory, out), fresh: false, ...request },
    progress,
  );
}

function bytes(out: string, file: string): Promise<string> {
  return readFile(join(directory, out, file), 'latin1');
}

test('a training stopped between states goes on to the same weights and the same log', async () => {
  const whole = await train('whole');
  expect(whole.finished).toBe(true);
  const part = await train('parts', { stopAfter: 1 });
  expect(part).toMatchObject({ finished: false, taken: 1 });
  const rest = await train('parts');
  expect(lines).toContain('going on after step 1');
  // The log first: where bits differ, it names the step.
  expect(await bytes('parts', 'training_log.csv')).toBe(await bytes('whole', 'training_log.csv'));
  expect(rest.digest).toBe(whole.digest);
  for (const file of ['model.safetensors', 'config.json', 'tokenizer.json'])
    expect(await bytes('parts', file)).toBe(await bytes('whole', file));
});

test('a folder with another training, or with a damaged state, is refused; --fresh begins anew', async () => {
  await train('taken', { stopAfter: 1 });
  const whole = await bytes('whole', 'training_log.csv');
  expect(whole.startsWith(await bytes('taken', 'training_log.csv'))).toBe(true);
  await expect(train('taken', { seed: 1 })).rejects.toThrow('another recipe, seed or adapter');
  await writeFile(join(directory, 'taken/state/state.json'), '{"taken":');
  await expect(train('taken')).rejects.toThrow(/state\.json: damaged/);
  const fresh = await train('taken', { seed: 1, stopAfter: 2, fresh: true });
  expect(fresh.taken).toBe(2);
  expect(whole.startsWith(await bytes('taken', 'training_log.csv'))).toBe(false);
});

test('a state that is not, to the bit, what was written is refused by name, and never trained on', async () => {
  await train('state', { stopAfter: 2 });
  const folder = join(directory, 'state', 'state');
  const weights = join(folder, 'step-2', 'model.safetensors');
  const original = {
    json: await readFile(join(folder, 'state.json'), 'utf8'),
    weights: await readFile(weights),
  };
  const state = JSON.parse(original.json) as Record<string, unknown> & { log: object[] };
  const changes: [string, object][] = [
    ['an emptied log', { log: [] }],
    ['a doubled log', { log: [...state.log, ...state.log] }],
    ['a changed loss', { log: state.log.with(1, { ...state.log[1], loss: 1 }) }],
    ['another step', { taken: 1 }],
    ['other seconds', { seconds: 0 }],
    ['another key', { key: 'x' }],
    ['the digest of other weights', { weights: '0'.repeat(64) }],
    ['no digest', { digest: undefined }],
    ['one key more', { more: 1 }],
  ];
  for (const [what, change] of changes) {
    await writeFile(join(folder, 'state.json'), JSON.stringify({ ...state, ...change }));
    await expect(train('state'), what).rejects.toThrow(/state\.json: (damaged|changed)/);
  }
  await writeFile(join(folder, 'state.json'), original.json);
  // The lowest bit of the last number: a moment, not a weight.
  for (const place of [original.weights.length - 4, original.weights.length >> 1]) {
    const changed = Buffer.from(original.weights);
    changed[place] = (changed[place] as number) ^ 1;
    await writeFile(weights, changed);
    await expect(train('state')).rejects.toThrow(/model\.safetensors: not the weights that .*state\.json/);
  }
  await rm(weights);
  await expect(train('state')).rejects.toThrow(/step-2/);
  await writeFile(weights, original.weights);
  await mkdir(join(folder, 'step-1'));
  await train('state');
  expect(await bytes('state', 'model.safetensors')).toBe(await bytes('whole', 'model.safetensors'));
  expect((await readdir(folder)).filter((name) => name.startsWith('step-'))).toEqual(['step-4']);
});

test('several that train the same into one folder at once all end with the same weights, and a state to go on from', async () => {
  const recipe = { ...SHORT, checkpointEvery: 1 };
  const all = await Promise.all(Array.from({ length: 3 }, () => train('together', { recipe })));
  expect(new Set(all.map(({ digest }) => digest)).size).toBe(1);
  expect(await bytes('together', 'model.safetensors')).toBe(await bytes('whole', 'model.safetensors'));
  await train('together', { recipe });
  expect(lines.at(-1)).toBe('going on after step 4');
});

test('the embedded model’s training log begins as training it again does', async () => {
  await train('tiny', { recipe: TINY, stopAfter: 3 });
  const read = async (folder: string): Promise<Record<string, string>[]> =>
    parse(await readFile(join(folder, 'training_log.csv')), { columns: true });
  const shipped = (await read(EMBEDDED_MODEL)).slice(0, 3);
  const again = await read(join(directory, 'tiny'));
  expect(again).toHaveLength(3);
  for (const [i, row] of shipped.entries()) {
    expect([again[i]?.['tokens'], again[i]?.['targets']]).toEqual([row['tokens'], row['targets']]);
    for (const column of ['loss', 'gradient_norm'])
      expect(Math.abs(Number(again[i]?.[column]) / Number(row[column]) - 1)).toBeLessThan(OTHER_ADAPTER);
  }
});

test('the learning rate rises to its peak and falls to its floor', () => {
  expect(learningRateAt(TINY, 50)).toBeCloseTo(1.5e-3, 12);
  expect(learningRateAt(TINY, 100)).toBeCloseTo(3e-3, 12);
  expect(learningRateAt(TINY, 550)).toBeCloseTo((3e-3 + 1.5e-4) / 2, 12);
  expect(learningRateAt(TINY, 1000)).toBeCloseTo(1.5e-4, 12);
});
