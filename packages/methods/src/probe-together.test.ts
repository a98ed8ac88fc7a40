import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { type Model, withChangedParameters } from '@icl-gd/transformer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { adaptTogether } from './adapt-together.ts';
import { adaptedModel } from './adapted-model.ts';
import { DivergedError, type LearnerResult, type ProbeTokensOptions } from './learner.ts';
import { gradientDescent, layerCausalGradientDescent } from './learners/gradient-descent.ts';
import { inContext } from './learners/in-context.ts';
import { type ProbedCell, probeTogether } from './probe-together.ts';
import { loadTinyModel, sequence } from './test-support.ts';

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadTinyModel(gpu());
});
afterAll(() => model.dispose());

const DEMONSTRATIONS = [9, 4].map((length) => ({ tokens: sequence(length, length) }));
const queriesOf = (...lengths: number[]) =>
  lengths.map((length) => ({ tokens: sequence(length, 3), options: [[5], [6, 7]] }));
const QUERIES = [queriesOf(4, 11), queriesOf(8, 8, 3), queriesOf(6), queriesOf(5, 7)];
const PROBING: ProbeTokensOptions = { probeTokens: ['label', 'prompt'], nextTokens: 3, tokenBudget: 40 };

/** GD at two rates, and what goes with neither: rounded weights, and a context. */
async function adapted(rates = [0.05, 0.01]): Promise<LearnerResult[]> {
  const cells = rates.map((learningRate) => ({ demonstrations: DEMONSTRATIONS, options: { learningRate } }));
  const results = await adaptTogether(gradientDescent, model, cells);
  return results.map((own) => (own instanceof DivergedError ? Promise.reject(own) : own)) as LearnerResult[];
}

function cellsOf(results: readonly LearnerResult[]): ProbedCell[] {
  return results.map((own, i) => ({ adapted: own, queries: QUERIES[i]! }));
}

async function expectAsAlone(cells: readonly ProbedCell[]): Promise<void> {
  const told: number[] = [];
  const total = cells.reduce((sum, { queries }) => sum + queries.length, 0);
  const together = await probeTogether(cells, {
    ...PROBING,
    onProgress: ({ finished, total: all }) => {
      expect(all).toBe(total);
      told.push(finished);
    },
  });
  for (const [i, { adapted: own, queries }] of cells.entries())
    expect(together[i]).toEqual(await own.probeTokens(queries, PROBING));
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.at(-1)).toBe(total);
}

test('models that were trained on one base are probed together, each as by itself', async () => {
  const live = gpu().pool.live;
  const [first, second] = (await adapted()) as [LearnerResult, LearnerResult];
  const other = await layerCausalGradientDescent.adapt(model, DEMONSTRATIONS, { learningRate: 0.1 });
  const cells = cellsOf([first, second, other]);
  await expectAsAlone(cells);
  const readings = vi.spyOn(gpu(), 'readAll');
  await probeTogether(cells, { ...PROBING, tokenBudget: 2048 });
  expect(readings).toHaveBeenCalledOnce();
  readings.mockRestore();
  for (const own of [first, second, other]) own.dispose();
  expect(gpu().pool.live).toEqual(live);
});

test('what shares less follows one by one', async () => {
  const [first] = (await adapted([0.05])) as [LearnerResult];
  const options = { learningRate: 0.05, halfWeights: true };
  const rounded = await gradientDescent.adapt(model, DEMONSTRATIONS, options);
  const behind = await inContext.adapt(model, DEMONSTRATIONS);
  await expectAsAlone(cellsOf([first, rounded]));
  await expectAsAlone(cellsOf([first, behind, rounded]));
  for (const own of [first, rounded, behind]) own.dispose();
});

test('a cell that overflows says so, and leaves the others', async () => {
  const [first, second] = (await adapted()) as [LearnerResult, LearnerResult];
  const changed = await withChangedParameters(model, 'attention.kv', (_, values) => values.fill(1e38));
  const overflowing = adaptedModel(changed, {});
  const results = await probeTogether(cellsOf([first, overflowing, second]), PROBING);
  expect(results[1]).toBeInstanceOf(DivergedError);
  expect(results[0]).toEqual(await first.probeTokens(QUERIES[0]!, PROBING));
  expect(results[2]).toEqual(await second.probeTokens(QUERIES[2]!, PROBING));
  for (const own of [first, second, overflowing]) own.dispose();
});
