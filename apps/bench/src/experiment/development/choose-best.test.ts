import { expect, test } from 'vitest';
import { divergedPoint, madeUpCurve, madeUpPoint } from '../../testing/made-up-rates.ts';
import { chooseBest } from './choose-best.ts';

/** Nats by how many factors of 4 a rate is from the published one, 1. */
const curveOf = (nllAt: (power: number) => number | readonly number[] | null) =>
  madeUpCurve((rate) => {
    const goldNll = nllAt(Math.log2(rate) / 2);
    return goldNll === null ? divergedPoint(rate) : madeUpPoint(rate, { goldNll });
  });

test('the best rate has the smallest mean negative log-likelihood, whatever else is larger there', async () => {
  const { evaluate, asked } = curveOf((power) => 1 + (power - 1) ** 2);
  expect(await chooseBest(evaluate, 1)).toEqual({
    ...{ learningRate: 4, objective: 1, standardError: 0, target: null, points: 7 },
    notes: ['the smallest'],
  });
  expect(asked).toEqual([1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64]);
});

test('of rates that are equally good the smallest is chosen', async () => {
  const { evaluate } = curveOf((power) => (Math.abs(power) <= 1 ? 1 : 2));
  expect(await chooseBest(evaluate, 1)).toMatchObject({ learningRate: 1 / 4, notes: ['the smallest'] });
});

test('a smaller rate is taken where it is worse by less than one standard error of the paired difference', async () => {
  // Worse than the best by 0, 0, 0.3 and 0.3 nats: 0.15 ± 0.087 over examples, and by a third of that.
  const near = (worse: number): number[] => [1, 1, 1 + worse, 1 + worse];
  const worse: Readonly<Record<number, number[]>> = {
    2: [1, 1, 1, 1],
    1: [0.8, 1.2, 0.9, 1.2],
    0: near(0.3),
  };
  const { evaluate } = curveOf((power) => worse[power] ?? 3);
  const chosen = await chooseBest(evaluate, 1);
  expect(chosen).toMatchObject({ learningRate: 4, objective: 1.025 });
  // The two seeds have the same values: √(MS_examples / 8), deviations −0.225, 0.175, −0.125, 0.175 twice over 3.
  expect(chosen.standardError).toBeCloseTo(Math.sqrt((2 * 0.1275) / 3 / 8), 12);
  expect(chosen.notes).toEqual(['within one standard error of 16: worse by 0.025 ± 0.1031 nats']);
});

test('what lies beyond a rate that is clearly worse is not taken', async () => {
  const nll: Readonly<Record<number, number[]>> = {
    1: [1, 1, 1, 1],
    0: [2, 2, 2, 2.1],
    [-1]: [0, 0, 2, 2.1],
  };
  const { evaluate } = curveOf((power) => nll[power] ?? 3);
  expect(await chooseBest(evaluate, 1)).toMatchObject({ learningRate: 4 });
});

test('rates that diverged are out, and bound the search', async () => {
  const { evaluate } = curveOf((power) => (power > 1 ? null : 3 - power));
  expect(await chooseBest(evaluate, 1)).toMatchObject({
    ...{ learningRate: 4, points: 7 },
    notes: ['the smallest', 'diverged above 4'],
  });
  const island = curveOf((power) => (power === 0 ? null : 1 + Math.abs(power - 1)));
  expect(await chooseBest(island.evaluate, 1)).toMatchObject({
    learningRate: 4,
    notes: ['the smallest', 'diverged at 1'],
  });
});

test('where the best lies at an end the grid grows, on either side', async () => {
  const above = curveOf((power) => 1 + (power - 4) ** 2);
  expect(await chooseBest(above.evaluate, 1)).toMatchObject({
    ...{ learningRate: 256, points: 9 },
    notes: ['the smallest', 'extended'],
  });
  const below = curveOf((power) => 1 + (power + 3) ** 2);
  expect(await chooseBest(below.evaluate, 1)).toMatchObject({
    ...{ learningRate: 1 / 64, points: 8 },
    notes: ['the smallest', 'extended'],
  });
});

test('a best that stays at an end is flagged', async () => {
  const { evaluate, asked } = curveOf((power) => 10 + power);
  expect(await chooseBest(evaluate, 1)).toMatchObject({
    ...{ learningRate: 4 ** -6, points: 10 },
    notes: ['the smallest', 'at the edge', 'extended'],
  });
  expect(Math.max(...asked)).toBe(64);
});

test('where every rate diverged there is none', async () => {
  expect(await chooseBest(curveOf(() => null).evaluate, 1)).toEqual({
    ...{ learningRate: null, objective: null, standardError: null, target: null, points: 7 },
    notes: ['diverged at every rate'],
  });
});
