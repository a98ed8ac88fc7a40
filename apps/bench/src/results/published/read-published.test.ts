import { gradientDescent, layerCausalGradientDescent } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { type RunSettings, planTrials } from '../../experiment/plan.ts';
import { runSetting } from '../../experiment/setting.ts';
import { paperTasks } from '../../tasks/tasks.ts';
import {
  readPublishedAverages,
  readPublishedCells,
  readPublishedDatasets,
  readPublishedHyperparameters,
  readPublishedLayers,
  readPublishedUntrainedLayers,
} from './read-published.ts';

const tasks = paperTasks();
const ids = tasks.map(({ id }) => id).toSorted();

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('Tables 1 and 2 become one cell per metric, variant, method and dataset', () => {
  const cells = readPublishedCells();
  expect(cells.filter(({ table }) => table === 1)).toHaveLength(2 * 3 * 5);
  expect(cells.filter(({ table }) => table === 2)).toHaveLength(4 * 2 * 6);
  expect(cells).toContainEqual({
    table: 1,
    metric: 'simam_delta',
    variant: 'untrained',
    method: 'GD',
    dataset: 'cb',
    mean: 0.26,
    deviation: 0.05,
  });
  expect(cells).toContainEqual({
    table: 2,
    metric: 'simaou_norm',
    variant: 'trained',
    method: 'LCGD',
    dataset: 'subj',
    mean: 0.35,
    deviation: 0.01,
  });
});

test('the printed averages are the means of the cells of Table 2', () => {
  const averages = readPublishedAverages();
  expect(averages).toHaveLength(8);
  for (const average of averages) {
    const cells = readPublishedCells().filter(
      ({ table, metric, method }) => table === 2 && metric === average.metric && method === average.method,
    );
    // Cells are rounded to two decimals, averages to three, each from the unrounded scores.
    expect(Math.abs(average.mean - mean(cells.map((cell) => cell.mean)))).toBeLessThan(0.0055);
  }
});

test('the tasks carry the published hyper-parameters', () => {
  const published = readPublishedHyperparameters().map((row) => ({
    id: row.dataset,
    classes: row.classes,
    defaults: {
      shots: row.k,
      seeds: row.seeds,
      permutations: row.permutations,
      learningRate: row.learning_rate,
    },
  }));
  expect(published).toEqual(
    tasks.map(({ id, classes, defaults }) => ({ id, classes: classes.length, defaults })),
  );
});

test('a run without settings plans the published hyper-parameters', () => {
  const settings: RunSettings = {
    datasets: tasks,
    methods: [gradientDescent, layerCausalGradientDescent].map((learner) => runSetting(learner)),
    controls: [],
    variants: ['trained'],
    examples: 2000,
    probe: 'label',
    dtype: 'float32',
    releasedNorms: false,
    noiseFloor: false,
    initSeed: 0,
  };
  const planned = planTrials(settings).map(({ dataset, seed, permutation, shots, learningRate }) => ({
    dataset,
    seed,
    permutation,
    shots,
    learningRate,
  }));
  const published = readPublishedHyperparameters().flatMap(
    ({ dataset, seeds, permutations, k, learning_rate }) =>
      seeds.map((seed, i) => ({
        dataset,
        seed,
        permutation: permutations[i],
        shots: k,
        learningRate: learning_rate,
      })),
  );
  expect(planned).toHaveLength(18);
  expect(planned).toEqual(expect.arrayContaining(published));
});

test('Table 3 describes the six tasks', () => {
  expect(readPublishedDatasets().map(({ dataset }) => dataset)).toEqual(tasks.map(({ id }) => id));
  expect(readPublishedDatasets()[5]).toEqual({
    dataset: 'cb',
    train: 250,
    validation: 250,
    average_tokens: 295.8,
  });
});

test('per-layer results cover every dataset, method and seed, and agree with Table 2', () => {
  const layers = readPublishedLayers();
  expect(layers).toHaveLength(6 * 2 * 3 * 24);
  expect([...new Set(layers.map(({ dataset }) => dataset))].toSorted()).toEqual(ids);
  for (const cell of readPublishedCells().filter(
    ({ table, metric }) => table === 2 && metric === 'simaou_norm',
  )) {
    const scores = layers.filter(({ dataset, method }) => dataset === cell.dataset && method === cell.method);
    expect(Math.abs(mean(scores.map((score) => score.simaou_norm)) - cell.mean)).toBeLessThan(0.011);
  }
});

test('per-layer results of the untrained variants cover the five datasets of Table 1 and agree with it', () => {
  const layers = readPublishedUntrainedLayers();
  expect(layers).toHaveLength(5 * 2 * 3 * 24);
  expect(new Set(layers.map((row) => row.model_variant))).toEqual(
    new Set(['layer-norm-only', 'trained-embeddings']),
  );
  const first = layers.find(({ dataset, layer }) => dataset === 'cb' && layer === 0);
  expect(first).toMatchObject({ seed: 3, learning_rate: 0.08, simaou: -0.0122, simam_delta: 0.0001 });
  for (const cell of readPublishedCells().filter(({ variant }) => variant === 'untrained')) {
    const scores = layers
      .filter((row) => row.dataset === cell.dataset && row.model_variant === 'layer-norm-only')
      .map((row) => (cell.metric === 'simaou' ? row.simaou : row.simam_delta));
    expect(Math.abs(mean(scores) - cell.mean)).toBeLessThan(0.0075);
  }
});
