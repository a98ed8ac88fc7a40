import { useGpu } from '@icl-gd/gpu-kernels/testing';
import type { Model } from '@icl-gd/transformer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AdaptedCell, adaptTogether } from './adapt-together.ts';
import { learnerSetting, lockstepOf } from './catalogue.ts';
import { DivergedError, type Learner, type LearnerResult } from './learner.ts';
import { gradientDescent, layerCausalGradientDescent } from './learners/gradient-descent.ts';
import { zeroShot } from './learners/zero-shot.ts';
import { loadTinyModel, sequence } from './test-support.ts';

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadTinyModel(gpu());
});
afterAll(() => model.dispose());

const demonstrationsOf = (seed: number, lengths: readonly number[]) =>
  lengths.map((length, i) => ({ tokens: sequence(length, seed + 2 * i), answerLength: 1 }));
const CELLS: readonly AdaptedCell[] = [
  { demonstrations: demonstrationsOf(3, [9, 4, 13]), options: { learningRate: 0.05 } },
  { demonstrations: demonstrationsOf(5, [6]), options: { learningRate: 0.01, halfWeights: true } },
  {
    demonstrations: demonstrationsOf(7, [5, 12]),
    options: { learningRate: 0.05, learnerOptions: { noise: true }, seed: 3 },
  },
  { demonstrations: demonstrationsOf(3, [9, 4, 13]), options: { learningRate: 1e30 } },
  {
    demonstrations: demonstrationsOf(9, [7, 8, 4, 6]),
    options: { learningRate: 0.02, learnerOptions: { loss: 'label' } },
  },
  { demonstrations: demonstrationsOf(3, [9, 4]), options: { learningRate: 1e39 } },
  { demonstrations: demonstrationsOf(3, [9, 4]), options: { learningRate: 0.05, releasedNorms: true } },
  {
    demonstrations: demonstrationsOf(3, [9, 4]),
    options: { learningRate: 0.05, learnerOptions: { batch: 'full', steps: 2 } },
  },
  // What the first trains, with its change replaced, rounded, and once more.
  {
    demonstrations: demonstrationsOf(3, [9, 4, 13]),
    options: { learningRate: 0.05, learnerOptions: { noise: true } },
  },
  { demonstrations: demonstrationsOf(3, [9, 4, 13]), options: { learningRate: 0.05, halfWeights: true } },
  { demonstrations: demonstrationsOf(3, [9, 4, 13]), options: { learningRate: 0.05 } },
];
const QUERIES = [{ tokens: sequence(8, 3), options: [[5], [6, 7]] }];

async function told(result: LearnerResult | DivergedError): Promise<unknown> {
  if (result instanceof DivergedError) return result.message;
  const [probe] = await result.probe(QUERIES, { probeToken: 'label' });
  const changes = await result.weightChanges?.(1);
  result.dispose();
  return { training: result.training, probe, changes };
}

async function alone(learner: Learner, { demonstrations, options }: AdaptedCell): Promise<unknown> {
  try {
    return await told(await learner.adapt(model, demonstrations, options));
  } catch (error) {
    return error instanceof DivergedError ? error.message : Promise.reject(error as Error);
  }
}

test.each([gradientDescent, layerCausalGradientDescent])(
  '$id gives cells together what it gives them one by one, and each its own divergence',
  async (learner) => {
    const live = gpu().pool.live;
    const progress: number[] = [];
    const results = await adaptTogether(learner, model, CELLS, {
      onProgress: ({ finished, total }) => {
        expect(total).toBe(3 + 1 + 2 + 3 + 4 + 2 + 2 + 4 + 3 * 3);
        progress.push(finished);
      },
    });
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(30);
    expect(results).toHaveLength(CELLS.length);
    for (const [i, cell] of CELLS.entries())
      expect(await told(results[i]!)).toEqual(await alone(learner, cell));
    expect(results.map((result) => result instanceof DivergedError)).toEqual(
      CELLS.map((_, i) => i === 3 || i === 5),
    );
    expect(gpu().pool.live).toEqual(live);
  },
);

test('what is not one cell’s own ends all, and leaves nothing on the device', async () => {
  const live = gpu().pool.live;
  const controller = new AbortController();
  const reason = new Error('enough');
  const stopped = adaptTogether(gradientDescent, model, CELLS, {
    signal: controller.signal,
    onProgress: ({ finished }) => {
      if (finished >= 24) controller.abort(reason);
    },
  });
  await expect(stopped).rejects.toBe(reason);
  const [first] = CELLS as [AdaptedCell];
  const cells = [first, first, { ...first, options: {} }];
  await expect(adaptTogether(gradientDescent, model, cells)).rejects.toThrow('GD needs a learning rate');
  const long = { ...first, demonstrations: [{ tokens: sequence(400, 3) }] };
  await expect(adaptTogether(gradientDescent, model, [first, long, first])).rejects.toThrow(
    "does not fit tiny's context",
  );
  expect(gpu().pool.live).toEqual(live);
});

test('settings whose steps are one pass over one demonstration go together, whatever else differs', () => {
  const of = (typed: Readonly<Record<string, string>>, learner: Learner = gradientDescent) =>
    lockstepOf(learnerSetting(learner, typed));
  expect(of({})).toBeTypeOf('string');
  expect([of({ noise: 'true' }), of({ loss: 'label' })]).toEqual([of({}), of({})]);
  const different = [
    ...[of({}), of({ params: 'q' }), of({ params: 'mlp' }), of({}, layerCausalGradientDescent)],
    of({ at: 'residual' }, layerCausalGradientDescent),
  ];
  expect(new Set(different).size).toBe(different.length);
  for (const typed of [{ batch: 'full' }, { tangent: 'true' }, { params: 'all' }, { optimizer: 'adam' }])
    expect(of(typed)).toBeUndefined();
  expect(of({}, zeroShot)).toBeUndefined();
  const { adapt } = gradientDescent;
  expect(of({}, { ...gradientDescent, id: 'own' })).toBe(of({}));
  expect(of({}, { ...gradientDescent, adapt: (...given) => adapt(...given) })).toBeUndefined();
});
