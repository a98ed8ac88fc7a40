import { Pcg64 } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { crossedStandardError } from './paired-difference.ts';

test('the standard error of crossed seeds and examples covers the spread of means over both', () => {
  const random = new Pcg64(7);
  const normal = (): number => {
    const [u, v] = [random.random(), random.random()];
    return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
  };
  const [seeds, examples, draws] = [8, 10, 400];
  const means: number[] = [];
  const variances: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const ofExample = Array.from({ length: examples }, () => 0.5 * normal());
    const values = Array.from({ length: seeds }, () => {
      const ofSeed = 0.7 * normal();
      return ofExample.map((own) => own + ofSeed + 0.9 * normal());
    });
    means.push(values.flat().reduce((sum, own) => sum + own, 0) / (seeds * examples));
    variances.push(crossedStandardError(values)! ** 2);
  }
  const expected = 0.7 ** 2 / seeds + 0.5 ** 2 / examples + 0.9 ** 2 / (seeds * examples);
  const meanVariance = variances.reduce((sum, own) => sum + own, 0) / draws;
  expect(meanVariance / expected).toBeCloseTo(1, 1);
  const spread = means.reduce((sum, own) => sum + own ** 2, 0) / draws;
  expect(spread / meanVariance).toBeGreaterThan(0.8);
  expect(spread / meanVariance).toBeLessThan(1.25);
});

test('one seed leaves the spread over examples, one example that over seeds, one of each nothing', () => {
  expect(crossedStandardError([[1, 2, 3]])).toBeCloseTo(1 / Math.sqrt(3), 12);
  expect(crossedStandardError([[1], [2], [3]])).toBeCloseTo(1 / Math.sqrt(3), 12);
  expect(crossedStandardError([[1]])).toBeNull();
});

test('values that do not vary have no error', () => {
  expect(
    crossedStandardError([
      [2, 2],
      [2, 2],
    ]),
  ).toBe(0);
});
