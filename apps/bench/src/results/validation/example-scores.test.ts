import { expect, test } from 'vitest';
import { ExampleScores } from './example-scores.ts';
import { around, measuredCell } from './test-support.ts';

const KEY = { metric: 'simaou', variant: 'trained', dataset: 'mr' };
const [GD, LCGD] = [
  { ...KEY, method: 'GD' },
  { ...KEY, method: 'LCGD' },
];

/** Scores of one seed by the rows of their examples. */
const cell = (
  method: string,
  byRow: Readonly<Record<number, number | null>>,
  more: { seed?: number; permutation?: number } = {},
) => ({
  ...measuredCell({ method, dataset: 'mr', examples: { simaou: Object.values(byRow) } }),
  ...more,
  exampleRows: Object.keys(byRow).map(Number),
});

test('two methods are paired by the rows of their examples, wherever those stand', () => {
  const gd = cell('GD', { 3: 0.1, 8: 0.2, 12: 0.9 });
  const lcgd = { ...cell('LCGD', { 8: 0.5, 3: 0.4 }) };
  const shuffled = { ...lcgd, exampleRows: [8, 3], scores: cell('LCGD', { 0: 0.5, 1: 0.4 }).scores };
  for (const own of [lcgd, shuffled]) {
    const { value, interval, seeds } = new ExampleScores([gd, own]).difference(LCGD, GD);
    expect(value).toBeCloseTo(0.3, 12);
    // Paired, the difference is the same for every example; otherwise it would be 0.4 and 0.2.
    expect(interval?.lower).toBeCloseTo(0.3, 12);
    expect(interval?.upper).toBeCloseTo(0.3, 12);
    expect(seeds).toBe(1);
  }
});

test('seeds may have examples of their own, and a permutation is a seed of its own', () => {
  const scores = new ExampleScores([
    cell('GD', { 1: 0.1, 2: 0.1 }, { seed: 5, permutation: 0 }),
    cell('GD', { 7: 0.4, 8: 0.4 }, { seed: 6, permutation: 0 }),
    cell('GD', { 1: 0.7, 2: 0.7 }, { seed: 5, permutation: 1 }),
  ]);
  expect(scores.estimate(GD)).toMatchObject({ value: expect.closeTo(0.4, 12), seeds: 3 });
});

test('a seed that one side lacks does not count for the other', () => {
  const scores = new ExampleScores([
    cell('GD', { 1: 0, 2: 0 }, { seed: 5 }),
    cell('GD', { 1: 1, 2: 1 }, { seed: 6 }),
    cell('LCGD', { 1: 0.25, 2: 0.25 }, { seed: 5 }),
  ]);
  expect(scores.difference(LCGD, GD)).toMatchObject({ value: 0.25, seeds: 1 });
  expect(scores.difference(GD, LCGD).value).toBe(-0.25);
});

test('an interval holds 95 % of the resamples: about two standard errors to either side', () => {
  const spread = around(0.3, 0.2);
  const { value, interval } = new ExampleScores([
    cell('GD', Object.fromEntries(spread.entries()) as Record<number, number>),
  ]).estimate(GD);
  const error = 0.1 / Math.sqrt(spread.length);
  expect(value).toBeCloseTo(0.3, 12);
  for (const bound of [interval?.lower, interval?.upper]) {
    const distance = Math.abs((bound as number) - 0.3) / error;
    expect(distance).toBeGreaterThan(1.6);
    expect(distance).toBeLessThan(2.4);
  }
});
