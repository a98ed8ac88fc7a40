import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averageDifference, differenceFrom, judgeEquivalence, publishedHalfWidth } from './equivalence.ts';
import { type IntervalPart, fromParts } from './estimate.ts';

const around = (value: number, half: number, df = Infinity, seeds = 3) =>
  fromParts(
    value,
    [
      { basis: 'bootstrap', df, interval: { lower: value - half, upper: value + half } },
    ] satisfies IntervalPart[],
    { seeds, spread: null },
  );
const verdict = (value: number, half: number, margin = 0.05, published = { mean: 0.2, deviation: 0 }) =>
  judgeEquivalence(differenceFrom(around(value, half), published), margin);

test('equivalent, different or inconclusive', () => {
  expect(verdict(0.2, 0.01)).toBe('equivalent');
  expect(verdict(0.23, 0.01)).toBe('equivalent');
  expect(verdict(0.3, 0.01)).toBe('different');
  expect(verdict(0.1, 0.01)).toBe('different');
  // Not zero, and neither within the margin nor beyond it.
  expect(verdict(0.24, 0.03)).toBe('inconclusive');
  expect(verdict(0.3, 0.06)).toBe('inconclusive');
  expect(verdict(0.2, 0.3)).toBe('inconclusive');
  expect(verdict(0.3, 0.01, 0.2)).toBe('equivalent');
  expect(judgeEquivalence(null, 0.05)).toBe('inconclusive');
});

test('equivalence is by two one-sided tests at 5 %, a difference by the 95 % interval', () => {
  const near = (bound: number) => ({
    interval90: { lower: -bound, upper: 0 },
    interval: { lower: -1, upper: 1 },
  });
  expect(judgeEquivalence(near(0.049), 0.05)).toBe('equivalent');
  expect(judgeEquivalence(near(0.05), 0.05)).toBe('inconclusive');
  const far = (bound: number) => ({
    interval90: { lower: 0.1, upper: 0.2 },
    interval: { lower: bound, upper: 1 },
  });
  expect(judgeEquivalence(far(0.051), 0.05)).toBe('different');
  expect(judgeEquivalence(far(0.05), 0.05)).toBe('inconclusive');
});

test("the published figure's deviation over three seeds and its rounding are part of the interval", () => {
  // 4.3027 · 0.02 / √3 and 1.96 · 0.005 / √3
  expect(publishedHalfWidth(0.02, 3, 0.95)).toBeCloseTo(Math.hypot(0.049683, 0.005658), 5);
  expect(publishedHalfWidth(0, 3, 0.9)).toBeCloseTo(0.004748, 5);
  const { interval, interval90, value } = differenceFrom(around(0.25, 0.01), { mean: 0.2, deviation: 0.02 })!;
  expect(value).toBeCloseTo(0.05, 12);
  expect(interval.upper - value).toBeCloseTo(Math.hypot(0.01, 0.049683, 0.005658), 5);
  expect(interval90.lower - value).toBeCloseTo(-Math.hypot(0.008392, 0.033717, 0.004748), 5);
  expect(verdict(0.2, 0.01, 0.05, { mean: 0.2, deviation: 0.07 })).toBe('inconclusive');
});

test("for a single seed the published deviation stands for that seed's own too", () => {
  const half = (seeds: number) => publishedHalfWidth(0.02, seeds, 0.95);
  expect(half(1)).toBeCloseTo(Math.hypot(4.302653 * 0.02 * Math.sqrt(4 / 3), 0.005658), 5);
  expect(half(2)).toBe(half(3));
});

test('nothing measured, or no interval, is no difference', () => {
  const rest = { seeds: 1, spread: null };
  expect(differenceFrom(fromParts(null, [], rest), { mean: 0, deviation: 0 })).toBeNull();
  expect(differenceFrom(fromParts(0.1, [], rest), { mean: 0, deviation: 0 })).toBeNull();
});

test('a mean of independent differences has a narrower interval than they have', () => {
  const own = { value: 0.1, interval: { lower: 0, upper: 0.3 }, interval90: { lower: 0.05, upper: 0.2 } };
  const { interval, interval90 } = averageDifference([own, own, own, own], 0.1);
  expect(interval).toEqual({ lower: expect.closeTo(0.05, 12), upper: expect.closeTo(0.2, 12) });
  expect(interval90.upper).toBeCloseTo(0.15, 12);
});

describe('widening', () => {
  const number = fc.double({ min: 0, max: 1, noNaN: true });
  const df = fc.constantFrom(1, 2, 9, Infinity);

  test('an interval never turns a verdict into equivalent, nor into different', () => {
    let settled = 0;
    fc.assert(
      fc.property(
        number,
        number,
        number,
        number,
        number,
        df,
        (value, narrow, more, deviation, margin, freedom) => {
          const of = (half: number) =>
            judgeEquivalence(
              differenceFrom(around(value, half, freedom), { mean: 0.3, deviation: deviation / 10 }),
              margin / 2,
            );
          const [before, after] = [of(narrow / 4), of(narrow / 4 + more / 4)];
          if (before !== 'inconclusive') settled++;
          expect(['inconclusive', before]).toContain(after);
        },
      ),
      { seed: 5, numRuns: 2000 },
    );
    expect(settled).toBeGreaterThan(100);
  });

  test('the published deviation does not either', () => {
    fc.assert(
      fc.property(number, number, number, number, (value, half, deviation, more) => {
        const of = (own: number) => verdict(value, half / 10, 0.05, { mean: 0.3, deviation: own });
        const [before, after] = [of(deviation / 20), of((deviation + more) / 20)];
        expect(['inconclusive', before]).toContain(after);
      }),
      { seed: 6, numRuns: 1000 },
    );
  });
});
