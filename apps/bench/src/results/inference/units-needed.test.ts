import { expect, test } from 'vitest';
import { acrossDatasets, datasetsNeeded } from './across-datasets.ts';
import { seedsNeeded, showNeeded } from './seeds-needed.ts';

const spread = (seed: number, example = 0) => ({
  seedVariance: seed ** 2,
  exampleVariance: example ** 2,
  examples: 9,
});

test('the smallest number of seeds whose t-interval is expected to be narrow enough', () => {
  // t(0.975, 5) / √6 = 1.0494 and t(0.975, 6) / √7 = 0.9248 deviations
  expect(seedsNeeded([spread(1)], { halfWidth: 1.05, level: 0.95 })).toBe(6);
  expect(seedsNeeded([spread(1)], { halfWidth: 1.049, level: 0.95 })).toBe(7);
  expect(seedsNeeded([spread(1)], { halfWidth: 1.05, level: 0.99 })).toBeGreaterThan(7);
  expect(seedsNeeded([spread(0.001)], { halfWidth: 1, level: 0.95 })).toBe(2);
  // As many as there are were not enough.
  expect(seedsNeeded([spread(0.001)], { halfWidth: 1, level: 0.95, measured: 3 })).toBe(4);
  expect(seedsNeeded([spread(1)], { halfWidth: 1.05, level: 0.95, measured: 3 })).toBe(6);
  expect(seedsNeeded([spread(0.001)], { halfWidth: 1, level: 0.95, measured: 1000 })).toBe(Infinity);
});

test('a mean over datasets needs fewer seeds of each', () => {
  expect(seedsNeeded([spread(1), spread(1), spread(1), spread(1)], { halfWidth: 0.525, level: 0.95 })).toBe(
    6,
  );
});

test('no number of seeds narrows what the examples or the published figure leave open', () => {
  expect(seedsNeeded([spread(1, 1)], { halfWidth: 1.9, level: 0.95 })).toBe(Infinity);
  expect(seedsNeeded([spread(1)], { halfWidth: 1, level: 0.95, fixed: 1.01 })).toBe(Infinity);
  expect(seedsNeeded([spread(1)], { halfWidth: 1, level: 0.95, fixed: 0.9 })).toBeGreaterThan(7);
  expect(seedsNeeded([spread(1)], { halfWidth: 0.01, level: 0.95 })).toBe(Infinity);
  expect([null, 12, Infinity].map(showNeeded)).toEqual(['', '12', '>1000']);
});

test('datasets are the units of what they say together', () => {
  const across = acrossDatasets([0.1, 0.2, 0.3])!;
  expect(across).toMatchObject({
    ...{ datasets: 3, mean: expect.closeTo(0.2, 12), signFlipP: 0.25, p: expect.closeTo(0.07418, 5) },
    interval: { lower: expect.closeTo(-0.048414, 5), upper: expect.closeTo(0.448414, 5) },
  });
  // t(0.975, 3) / √4 = 1.591 deviations of 0.1
  expect(datasetsNeeded(across, 0, 0.95)).toBe(4);
  expect(acrossDatasets([0.1])).toBeNull();
  const below = acrossDatasets([-0.04, -0.02, -0.03], -0.05)!;
  expect(below.mean).toBeCloseTo(-0.03, 12);
  expect(below.p).toBeCloseTo(0.07418, 5);
});
