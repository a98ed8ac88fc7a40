import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FineTuningOptions } from '../fine-tuning-options.ts';
import type { Progress } from '../long-running.ts';
import { type Model, loadModel } from '../model.ts';
import { LockstepFineTuning } from './lockstep-fine-tuning.ts';
import type { LockstepCell, LockstepOptions } from './options.ts';

const DIRECTORY = join(import.meta.dirname, '../../../../tests/fixtures/own-text-xglm/model');
const CELLS: readonly LockstepCell[] = [
  { learningRate: 0.1, sequences: [[0, 5, 9, 9, 14, 3]] },
  { learningRate: 0.1, sequences: [] },
  {
    learningRate: 0.2,
    sequences: [
      [0, 22, 7],
      [0, 22],
      [0, 8, 8],
    ],
  },
];
const OPTIONS: LockstepOptions = { objective: 'output', group: 'attention.kv', cells: CELLS };

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadModel(gpu(), DIRECTORY);
});
afterAll(() => model.dispose());

test('cells have their own numbers of steps; progress counts those of all, once the device has done them', async () => {
  const told: Progress[] = [];
  using together = new LockstepFineTuning(model, OPTIONS);
  const results = await together.run({ onProgress: (done) => told.push(done) });
  for (const result of results) result.model.dispose();
  expect(results.map(({ steps }) => steps.length)).toEqual([1, 0, 3]);
  expect(results[1]!.growth).toBe(1);
  expect(told).toEqual([2, 3, 4].map((finished) => ({ finished, total: 4 })));
  await expect(together.run()).rejects.toThrow('in lockstep that are finished or disposed');
});

test('what one by one alone can do is refused by name', () => {
  const live = gpu().pool.live;
  const refusal = (options: object): string => {
    try {
      new LockstepFineTuning(model, { ...OPTIONS, ...options }).dispose();
    } catch (error) {
      return String(error);
    }
    return 'nothing';
  };
  const others: Partial<FineTuningOptions>[] = [
    ...[{ releasedNorms: true }, { gradientNormVariants: true }, { sequencesPerStep: 2 }],
    ...[{ keepQueries: { steps: [0], tokens: 5 } }, { update: () => {} }],
  ];
  for (const own of others)
    expect(refusal(own)).toBe(
      `RangeError: LockstepFineTuning: ${Object.keys(own)[0]} does not go with cells in lockstep; FineTuning takes them one by one`,
    );
  expect(refusal({ optimizer: 'adam' })).toContain('optimizer adam does not go with cells in lockstep');
  expect(refusal({ group: 'layers' })).toContain('group layers does not go with cells in lockstep');
  expect(refusal({ cells: [] })).toContain('no cells');
  expect(refusal({ readout: 'attention' })).toContain('readout attention needs the objective layerwise');
  expect(refusal({ readOut: 'layer' })).toContain('readOut');
  expect(refusal({ optimizer: 'sgd' })).toBe('nothing');
  expect(gpu().pool.live).toEqual(live);
});

test('weights stored as float16 are refused by name where they would be trained', async () => {
  using half = await loadModel(gpu(), DIRECTORY, { dtype: 'float16-storage' });
  const live = gpu().pool.live;
  expect(() => new LockstepFineTuning(half, { ...OPTIONS, group: 'feedForward' })).toThrow(
    expect.objectContaining({ code: 'float16-training' }),
  );
  expect(gpu().pool.live).toEqual(live);
});

test('an abort between two steps, and a sequence that does not fit, leave nothing', async () => {
  const live = gpu().pool.live;
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error('enough');
  const stopped = new LockstepFineTuning(model, OPTIONS).run({
    signal,
    onProgress: () => controller.abort(reason),
  });
  await expect(stopped).rejects.toBe(reason);
  const [first] = CELLS as [LockstepCell];
  const cells = [first, { ...first, sequences: [[0, 1], [0]] }];
  await expect(new LockstepFineTuning(model, { ...OPTIONS, cells }).run()).rejects.toThrow(
    'a training sequence needs two tokens or more',
  );
  expect(gpu().pool.live).toEqual(live);
});
