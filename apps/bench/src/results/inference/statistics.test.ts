import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tQuantile, tTwoSidedP } from './distributions.ts';
import { holm } from './holm.ts';
import { signFlipP } from './sign-flip.ts';
import { spearmanCorrelation } from './spearman.ts';
import { tTest } from './t-interval.ts';
import { wilsonInterval } from './wilson.ts';

describe("Student's t", () => {
  // As tabled, to more digits by R's qt.
  test.each([
    [0.975, 1, 12.706204736],
    [0.975, 2, 4.302652729749],
    [0.95, 2, 2.919985580354],
    [0.975, 5, 2.570581835636],
    [0.9995, 2, 31.59905457644],
    [0.975, 9, 2.262157162798],
    [0.975, Infinity, 1.95996398454],
    [0.025, 5, -2.570581835636],
  ])('quantile %f with %f degrees of freedom', (probability, df, quantile) => {
    expect(Math.abs(tQuantile(probability, df) - quantile)).toBeLessThan(1e-7);
    expect(tTwoSidedP(quantile, df)).toBeCloseTo(2 * Math.min(probability, 1 - probability), 9);
  });

  test('far out a p-value is small and not zero', () => {
    expect(tTwoSidedP(33, 2)).toBeCloseTo(0.000917, 6);
    expect(tTwoSidedP(-8, Infinity) / 1.244e-15).toBeCloseTo(1, 1);
    expect(tTwoSidedP(Infinity, 3)).toBe(0);
    expect(tTwoSidedP(0, 3)).toBeCloseTo(1, 7);
  });

  test('refuses what is no probability and less than one degree of freedom', () => {
    for (const probability of [0, 1, Number.NaN]) expect(() => tQuantile(probability, 3)).toThrow(RangeError);
    for (const df of [0, Number.NaN]) {
      expect(() => tQuantile(0.5, df)).toThrow(new RangeError(`df is ${df}; it must be at least 1`));
      expect(() => tTwoSidedP(1, df)).toThrow(RangeError);
    }
  });

  test('of a mean: an interval that excludes zero where p is below 0.05', () => {
    expect(tTest([1, 2, 3])).toEqual({
      mean: 2,
      // 2 ± 4.3027 / √3
      interval: { lower: expect.closeTo(-0.484138, 5), upper: expect.closeTo(4.484138, 5) },
      p: expect.closeTo(0.07418, 5),
    });
    expect(tTest([5])).toBeNull();
    expect(tTest([-1, 1])?.p).toBe(1);
    expect(tTest([2, 2, 2])).toEqual({ mean: 2, interval: { lower: 2, upper: 2 }, p: 0 });
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 8 }),
        (values) => {
          const { interval, p } = tTest(values)!;
          // But where rounding decides.
          if (Math.abs(p - 0.05) > 1e-6) expect(interval.lower > 0 || interval.upper < 0).toBe(p < 0.05);
        },
      ),
      { seed: 1 },
    );
  });
});

describe('the sign-flip test', () => {
  test('of values that agree in sign has the smallest p there is', () => {
    expect(signFlipP([0.1, 0.2, 0.3, 0.05, 0.4, 0.2])).toBe(2 / 64);
    expect(signFlipP([-3])).toBe(1);
  });

  test('counts every assignment of signs that is as far from zero', () => {
    // ±1 ±2 ±4: sums 7, 5, 3, 1 and their opposites; 5 is what is observed.
    expect(signFlipP([-1, 2, 4])).toBe(4 / 8);
    expect(signFlipP([0, 0])).toBe(1);
    // 0.1 + 0.2 and 0.3 are equal but for rounding.
    expect(signFlipP([0.1, 0.2, -0.3])).toBe(1);
  });

  test('is not made where there is nothing, or too much to enumerate', () => {
    expect(signFlipP([])).toBeNull();
    expect(signFlipP(Array.from({ length: 21 }, () => 1))).toBeNull();
    expect(signFlipP(Array.from({ length: 20 }, () => 1))).toBe(2 ** -19);
  });
});

describe("Holm's adjustment", () => {
  test('multiplies the smallest by their number, the next by one less, and keeps the order', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual(
      [0.03, 0.06, 0.06, 0.02].map((p) => expect.closeTo(p, 12)),
    );
    expect(holm([0.5, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });

  test('never makes a p-value smaller, nor larger than Bonferroni does', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (ps) => {
        for (const [i, adjusted] of holm(ps).entries()) {
          expect(adjusted).toBeGreaterThanOrEqual(ps[i]!);
          expect(adjusted).toBeLessThanOrEqual(Math.min(1, ps.length * ps[i]!));
        }
      }),
      { seed: 2 },
    );
  });
});

describe("Wilson's interval", () => {
  // By prop.test(…, correct = FALSE) of R.
  test.each([
    [8, 10, 0.490162, 0.943318],
    [0, 20, 0, 0.161125],
    [20, 20, 0.838875, 1],
    [50, 100, 0.403832, 0.596168],
  ])('%i of %i', (successes, trials, lower, upper) =>
    expect(wilsonInterval(successes, trials)).toEqual({
      lower: expect.closeTo(lower, 5),
      upper: expect.closeTo(upper, 5),
    }),
  );

  test('is none without trials, and refuses what is no share', () => {
    expect(wilsonInterval(0, 0)).toBeNull();
    for (const [successes, trials] of [
      [3, 2],
      [-1, 2],
      [0.5, 2],
      [0, Number.NaN],
    ] as const)
      expect(() => wilsonInterval(successes, trials)).toThrow(RangeError);
  });
});

test("Spearman's correlation ranks, with the mean rank for what is equal", () => {
  expect(spearmanCorrelation([1, 10, 100], [2, 3, 4])).toBeCloseTo(1, 12);
  expect(spearmanCorrelation([1, 2, 3], [9, 5, 1])).toBeCloseTo(-1, 12);
  // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4.
  expect(spearmanCorrelation([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(0.948683, 6);
  expect(spearmanCorrelation([1, 1], [1, 2])).toBeNull();
});
