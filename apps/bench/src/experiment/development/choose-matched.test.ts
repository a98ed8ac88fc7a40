import { expect, test } from 'vitest';
import { divergedPoint, madeUpCurve, madeUpPoint } from '../../testing/made-up-rates.ts';
import { chooseMatched } from './choose-matched.ts';

const curveOf = (levelAt: (rate: number) => number | null) =>
  madeUpCurve((rate) => {
    const level = levelAt(rate);
    return level === null ? divergedPoint(rate) : madeUpPoint(rate, { kl: level, updateNorm: level ** 0.5 });
  });

test('a power law is matched by one interpolation', async () => {
  const { evaluate, asked } = curveOf((rate) => 3 * rate ** 2);
  const chosen = await chooseMatched(evaluate, 1, 'kl', 0.03);
  expect(chosen).toEqual({
    ...{ learningRate: 0.1, objective: expect.closeTo(0.03, 12), standardError: expect.closeTo(0, 12) },
    ...{ target: 0.03, points: 8, notes: [] },
  });
  expect(asked.slice(7)).toEqual([0.1]);
});

test('another level is matched by its own', async () => {
  const { evaluate } = curveOf((rate) => 3 * rate ** 2);
  const chosen = await chooseMatched(evaluate, 1, 'updateNorm', 0.03 ** 0.5);
  expect(chosen.learningRate).toBe(0.1);
});

test('what is no power law is narrowed down to 5 %, each rate measured for real', async () => {
  const levelAt = (rate: number): number => 2 / (1 + Math.exp(-8 * Math.log2(rate / 2.9)));
  const { evaluate, asked } = curveOf(levelAt);
  const chosen = await chooseMatched(evaluate, 1, 'kl', 1);
  expect(Math.abs(chosen.objective! - 1)).toBeLessThanOrEqual(0.05);
  expect(levelAt(chosen.learningRate!)).toBe(chosen.objective);
  expect(chosen.points).toBe(asked.length);
  expect(asked.length).toBeGreaterThan(8);
});

test('a rate of the grid that matches is taken as it is', async () => {
  const { evaluate, asked } = curveOf((rate) => rate);
  expect(await chooseMatched(evaluate, 1, 'kl', 4.1)).toMatchObject({ learningRate: 4, objective: 4 });
  expect(asked).toHaveLength(7);
});

test('the first crossing counts where a level falls again', async () => {
  // At 4 it is just the target, by accident.
  for (const again of [2, 5]) {
    const levels: Readonly<Record<number, number>> = { 0.25: 1, 1: 10, 4: again, 16: 20 };
    const { evaluate } = curveOf(
      (rate) => levels[rate] ?? (rate < 0.25 ? 0.1 : rate > 16 ? 30 : 10.1 * rate),
    );
    const { learningRate } = await chooseMatched(evaluate, 1, 'kl', 5);
    expect(learningRate).toBeGreaterThan(0.25);
    expect(learningRate).toBeLessThan(1);
  }
});

test('where the target lies beyond the grid, the grid grows', async () => {
  const above = curveOf((rate) => rate);
  expect(await chooseMatched(above.evaluate, 1, 'kl', 200)).toMatchObject({
    learningRate: 200,
    notes: ['extended'],
  });
  const below = curveOf((rate) => rate);
  expect(await chooseMatched(below.evaluate, 1, 'kl', 0.005)).toMatchObject({
    learningRate: 0.005,
    notes: ['extended'],
  });
});

test('a target out of reach gives no rate, and says which came closest', async () => {
  const { evaluate } = curveOf((rate) => Math.min(rate, 3));
  expect(await chooseMatched(evaluate, 1, 'kl', 5)).toMatchObject({
    ...{ learningRate: null, objective: 3, target: 5 },
    notes: ['not reached: closest at 4', 'at the edge', 'extended'],
  });
});

test('a level that diverges before it reaches the target gives no rate', async () => {
  const { evaluate } = curveOf((rate) => (rate > 1.2 ? null : rate));
  const chosen = await chooseMatched(evaluate, 1, 'kl', 3);
  expect(chosen.learningRate).toBeNull();
  expect(chosen.notes).toEqual([
    expect.stringMatching(/^not reached: closest at 1(\.\d+)?$/),
    'diverged above 1',
  ]);
});

test('a level that reaches the target below where it diverges is found', async () => {
  const { evaluate } = curveOf((rate) => (rate > 3.5 ? null : rate));
  const chosen = await chooseMatched(evaluate, 1, 'kl', 3);
  expect(Math.abs(chosen.objective! - 3)).toBeLessThanOrEqual(0.15);
});

test('where every rate diverged nothing is matched', async () => {
  const chosen = await chooseMatched(curveOf(() => null).evaluate, 1, 'kl', 3);
  expect(chosen).toMatchObject({
    ...{ learningRate: null, objective: null, standardError: null },
    notes: ['not reached', 'at the edge', 'extended', 'diverged at every rate'],
  });
});
