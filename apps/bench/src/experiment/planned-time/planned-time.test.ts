import { expect, test } from 'vitest';
import { FAKE_LEARNERS } from '../../testing/fake-model.ts';
import { fakePlan, fakePrepared } from '../../testing/fake-run.ts';
import { findTask } from '../../tasks/tasks.ts';
import type { RunSettings } from '../plan.ts';
import { runSetting } from '../setting.ts';
import { countWork } from './count-work.ts';
import { sum, times } from './spent.ts';
import { TimedTraining } from './timed-training.ts';

const SETTINGS: RunSettings = {
  ...{ datasets: [findTask('mr')], variants: ['trained'], seeds: [5], examples: 3, probe: 'label' },
  ...{ controls: [], dtype: 'float32', releasedNorms: false, noiseFloor: false },
  methods: FAKE_LEARNERS.map((learner) => runSetting(learner)),
};
const PLAN = fakePlan();
const RUNS = [1001, 1002, 1003].map((seed) => fakePrepared({ dataset: 'mr', seed, permutation: 0 }));
const DEVELOPMENT = [{ dataset: 'mr', runs: RUNS }];

test('what trials share is counted once, and what is asked for beside them as often as it is done', () => {
  const settings = { ...SETTINGS, noiseFloor: true, weightChanges: true };
  const counted = { settings, development: [], probeTokens: ['label'] } as const;
  const { trials, noise, again, development } = countWork([PLAN, PLAN], counted);
  // ZSL, ICL and two learners, which train on three demonstrations.
  expect(trials).toMatchObject({ cells: 4, steps: 6 });
  expect(noise).toMatchObject({ cells: 16, steps: 24 });
  expect(again).toMatchObject({ cells: 2, steps: 6 });
  expect(again.queryTokens).toEqual({ alone: 0, behind: 0 });
  expect(noise.queryTokens.behind).toBe(4 * trials.queryTokens.behind);
  expect(noise.contextTokens).toBe(4 * trials.contextTokens);
  expect(noise.stepTokens).toBe(4 * trials.stepTokens);
  expect(development.cells).toBe(0);
});

test('development is both baselines and each learner at the rates of the grid, and one more for each rule that searches', () => {
  const cellsOf = (methods: RunSettings['methods']): number => {
    const settings = { ...SETTINGS, methods };
    return countWork([PLAN], { settings, development: DEVELOPMENT, probeTokens: ['label'] }).development
      .cells;
  };
  const [gd, lcgd] = SETTINGS.methods as [RunSettings['methods'][number], RunSettings['methods'][number]];
  // Zero-shot's are those of all seeds.
  expect(cellsOf([gd])).toBe(1 + 3 + 3 * 7);
  const ruled = (['best', 'matched-kl'] as const).flatMap((rate) => [
    { ...gd, rate },
    { ...lcgd, rate },
  ]);
  // GD is what levels are matched to: it keeps its own rate.
  expect(cellsOf(ruled)).toBe(1 + 3 + 3 * (8 + 9));
});

test('a training takes a part of its own and each of its tokens, as two lengths show', () => {
  const training = new TimedTraining();
  const [once, perToken] = [
    { clock: 0.5, cpu: 1 },
    { clock: 0.01, cpu: 0.02 },
  ];
  const measured = (count: number, tokens: number) => ({
    ...{ count, tokens },
    spent: sum(times(once, count), times(perToken, tokens)),
  });
  training.fit(new Map([['GD', measured(4, 40)]]), new Map([['GD', measured(4, 160)]]));
  const planned = training.trainingOf(new Map([['GD', { count: 10, tokens: 5000 }]]));
  expect(planned.clock).toBeCloseTo(5 + 50, 9);
  expect(planned.cpu).toBeCloseTo(10 + 100, 9);
});
