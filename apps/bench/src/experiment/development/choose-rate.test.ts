import { expect, test } from 'vitest';
import { divergedPoint, madeUpCurve, madeUpPoint } from '../../testing/made-up-rates.ts';
import { chooseRate } from './choose-rate.ts';
import type { RatePoint } from './rate-point.ts';

const candidate = (method: string, own: (rate: number) => RatePoint, reference = own) => ({
  ...{ method, publishedRate: 1, evaluate: madeUpCurve(own).evaluate },
  reference: { method: 'GD', evaluate: madeUpCurve(reference).evaluate },
});
const level = (rate: number): RatePoint => madeUpPoint(rate, { goldNll: 2, kl: rate, updateNorm: 3 * rate });

test('the published rate is kept, and said how good it is', async () => {
  expect(await chooseRate('published', candidate('LCGD', level))).toMatchObject({
    ...{ learningRate: 1, objective: 2, target: null, points: 1, notes: ["the run's own"] },
  });
  expect(await chooseRate('published', candidate('LCGD', divergedPoint))).toMatchObject({
    ...{ learningRate: 1, objective: null, notes: ["the run's own", 'diverged'] },
  });
});

test('what others are matched to keeps its rate', async () => {
  expect(await chooseRate('matched-norm', candidate('GD', level))).toMatchObject({
    ...{ learningRate: 1, objective: 3, target: 3, notes: ['what others are matched to'] },
  });
});

test('others are matched to its level at the published rate', async () => {
  const steeper = (rate: number): RatePoint => ({ ...level(10 * rate), rate });
  for (const rule of ['matched-kl', 'matched-norm'] as const)
    expect(await chooseRate(rule, candidate('LCGD', steeper, level))).toMatchObject({ learningRate: 0.1 });
});

test('where it diverged or changes nothing there is nothing to match', async () => {
  expect(await chooseRate('matched-kl', candidate('LCGD', level, divergedPoint))).toMatchObject({
    ...{ learningRate: null, target: null, notes: ['not reached: GD diverged at 1'] },
  });
  const still = (rate: number): RatePoint => madeUpPoint(rate, { kl: 0 });
  expect(await chooseRate('matched-kl', candidate('LCGD', level, still))).toMatchObject({
    ...{ learningRate: null, target: 0, notes: ['not reached: GD changes nothing at 1'] },
  });
});
