import { gradientDescent, layerCausalGradientDescent } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { findTask, paperTasks } from '../tasks/tasks.ts';
import { type RunSettings, planTrials, selections } from './plan.ts';
import { runSetting } from './setting.ts';

const SETTINGS: RunSettings = {
  datasets: paperTasks(),
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

test("a seed of the paper keeps the paper's permutation, another gets none", () => {
  // mr: seeds 5, 6, 7 with permutations 0, 1, 2.
  expect(selections(findTask('mr'), { seeds: [7, 1, 6] })).toEqual([
    { seed: 7, permutation: 2 },
    { seed: 1, permutation: 0 },
    { seed: 6, permutation: 1 },
  ]);
});

test('a permutation that is given holds for every seed, 0 too', () => {
  expect(selections(findTask('mr'), { permutation: 0 }).map(({ permutation }) => permutation)).toEqual([
    0, 0, 0,
  ]);
  expect(selections(findTask('mr'), { seeds: [1, 7], permutation: 4 })).toEqual([
    { seed: 1, permutation: 4 },
    { seed: 7, permutation: 4 },
  ]);
});

test('a variant is finished before the next one begins', () => {
  const trials = planTrials({
    ...SETTINGS,
    datasets: [findTask('mr'), findTask('cb')],
    variants: ['untrained', 'trained'],
    seeds: [3],
  });
  expect(trials.map(({ variant, dataset, seed }) => [variant, dataset, seed])).toEqual([
    ['untrained', 'mr', 3],
    ['untrained', 'cb', 3],
    ['trained', 'mr', 3],
    ['trained', 'cb', 3],
  ]);
});

test('without settings each dataset has its own numbers of shots, seeds, orders and rates', () => {
  const own = {
    ...findTask('mr'),
    id: 'own',
    defaults: { shots: 7, seeds: [4, 9], permutations: [2, 0], learningRate: 0.25 },
  };
  const trials = planTrials({ ...SETTINGS, datasets: [findTask('cb'), own] });
  expect(trials.map(({ dataset, ...rest }) => [dataset, ...Object.values(rest).slice(1)])).toEqual([
    ['cb', 3, 0, 32, 0.08],
    ['cb', 4, 1, 32, 0.08],
    ['cb', 5, 2, 32, 0.08],
    ['own', 4, 2, 7, 0.25],
    ['own', 9, 0, 7, 0.25],
  ]);
});

test('settings win over the defaults of every dataset', () => {
  for (const trial of planTrials({ ...SETTINGS, shots: 2, learningRate: 0.5 })) {
    expect(trial).toMatchObject({ shots: 2, learningRate: 0.5 });
  }
});
