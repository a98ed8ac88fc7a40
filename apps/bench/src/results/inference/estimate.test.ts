import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IntervalPart, estimate, fromParts, intervalAt, pValue } from './estimate.ts';
import { spreadOf } from './spread.ts';
import { EFFECTS, simulateCoverage } from './testing/simulate-coverage.ts';

const rest = { seeds: 3, spread: null };
const part = (basis: IntervalPart['basis'], half: number, df: number, centre = 0): IntervalPart => ({
  ...{ basis, df, interval: { lower: centre - half, upper: centre + half } },
});
const row = (value: number) => Array.from({ length: 20 }, (_, i) => value + (i % 2 ? 0.01 : -0.01));

test('of few seeds that differ the interval is t over their means, wider than the bootstrap', () => {
  const { value, interval, basis, parts, seeds } = estimate([row(0), row(0.1), row(0.2)]);
  expect({ value, basis, seeds }).toEqual({ value: expect.closeTo(0.1, 12), basis: 'seeds', seeds: 3 });
  // 0.1 ± 4.3027 · 0.1 / √3, and what the shared examples add: 2.093 · 0.01026 / √20
  expect(interval?.lower).toBeCloseTo(0.1 - Math.hypot(0.248414, 0.0048), 4);
  expect(interval?.upper).toBeCloseTo(0.1 + Math.hypot(0.248414, 0.0048), 4);
  const bootstrap = parts.find((own) => own.basis === 'bootstrap')!.interval;
  expect(bootstrap.upper - bootstrap.lower).toBeLessThan(0.25);
});

test('what examples add is in the interval although all seeds have the same ones', () => {
  const scores = Array.from({ length: 5 }, () => row(0.3));
  const { interval } = estimate(scores);
  // No seed differs from another; 1.96 standard errors of twenty examples.
  expect(((interval?.upper ?? 0) - (interval?.lower ?? 0)) / 2).toBeGreaterThan(0.004);
});

test('a single seed has an interval over examples alone, and says so', () => {
  const { interval, basis, parts, spread, seeds } = estimate([row(0.3), [null, null]]);
  expect({ basis, spread, seeds }).toEqual({ basis: 'examples', spread: null, seeds: 1 });
  expect(parts.map((own) => own.basis)).toEqual(['examples', 'examples']);
  expect(interval?.upper).toBeCloseTo(0.3 + (2.093 * 0.01026) / Math.sqrt(20), 3);
});

test('two seeds of one example each have an interval, one score has none', () => {
  expect(estimate([[0.1], [0.3]])).toMatchObject({ basis: 'seeds', value: 0.2 });
  expect(estimate([[0.1]])).toMatchObject({ value: 0.1, interval: null, basis: null });
  expect(estimate([[null]])).toMatchObject({ value: null, interval: null, seeds: 0 });
});

describe('an estimate of several intervals', () => {
  const own = fromParts(1, [part('seeds', 0.8, 2, 1), part('bootstrap', 0.9, Infinity, 1)], rest);

  test('has the wider at every level', () => {
    expect(own).toMatchObject({ basis: 'bootstrap', interval: { lower: expect.closeTo(0.1, 12) } });
    // 0.9 · 1.6449 / 1.96, against 0.8 · 2.92 / 4.3027
    expect(intervalAt(own, 0.9)?.lower).toBeCloseTo(1 - 0.7553, 4);
    // 0.8 · 9.9248 / 4.3027, against 0.9 · 2.5758 / 1.96
    expect(intervalAt(own, 0.99)?.lower).toBeCloseTo(1 - 1.8453, 4);
    expect(intervalAt(fromParts(null, [], rest), 0.9)).toBeNull();
  });

  test('carries what seeds share to other levels by the examples, not by the seeds', () => {
    const shared = { half: 0.6, df: Infinity };
    const mixed = fromParts(1, [{ ...part('seeds', 1, 2, 1), shared }], rest);
    // 0.8 · 2.92 / 4.3027 and 0.6 · 1.6449 / 1.96, squared
    expect(intervalAt(mixed, 0.9)?.lower).toBeCloseTo(1 - Math.hypot(0.542914, 0.503541), 4);
    const alone = fromParts(1, [{ ...part('seeds', 0.6, 2, 1), shared }], rest);
    expect(intervalAt(alone, 0.9)?.upper).toBeCloseTo(1 + 0.503541, 4);
    expect(intervalAt(alone, 0.95)?.upper).toBeCloseTo(1.6, 12);
  });

  test('has the larger p-value', () => {
    // By t with two degrees of freedom, 4.3027 / 0.8.
    expect(pValue(own)).toBeCloseTo(0.032875, 5);
    expect(pValue(fromParts(0, [part('seeds', 1, 2)], rest))).toBe(1);
    expect(pValue(fromParts(null, [], rest))).toBeNull();
    expect(pValue(fromParts(1, [part('seeds', 0, 2, 1)], rest))).toBe(0);
  });

  test('has p below 0.05 only where zero is outside its interval, and a wider part never makes p smaller', () => {
    const number = fc.double({ min: 0.001, max: 2, noNaN: true });
    fc.assert(
      fc.property(number, number, number, number, (value, a, b, wider) => {
        const of = (more: number) =>
          fromParts(value, [part('seeds', a + more, 2, value), part('bootstrap', b, Infinity, value)], rest);
        const p = pValue(of(0))!;
        if (p < 0.05 - 1e-6) expect(of(0).interval?.lower).toBeGreaterThan(0);
        expect(pValue(of(wider))).toBeGreaterThanOrEqual(p);
      }),
      { seed: 3 },
    );
  });
});

test('the variance of a mean is told apart: what differs by seed, and what the seeds share', () => {
  const scores = [0, 1, 2].map((seed) => [0, 3, 6, 9].map((example) => seed + example));
  expect(spreadOf(scores)).toEqual({
    seedVariance: 1,
    exampleVariance: expect.closeTo(15 / 4, 12),
    examples: 4,
  });
  const noise = [
    [1, -1, 1, -1],
    [-1, 1, -1, 1],
  ];
  expect(spreadOf(noise)).toEqual({ seedVariance: 0, exampleVariance: 0, examples: 4 });
  // Seeds with examples of their own share none.
  expect(
    spreadOf([
      [1, null],
      [null, 2],
    ]),
  ).toEqual({ seedVariance: 0.5, exampleVariance: 0, examples: 0 });
  expect(spreadOf([[1, 2]])).toBeNull();
});

describe('the printed interval holds the true mean in at least 93 % of simulated runs', () => {
  test.each(
    EFFECTS.flatMap((effects) => [3, 5, 10].map((seeds) => ({ effects, seeds, name: effects.name }))),
  )('$seeds seeds, $name', ({ effects, seeds }) => {
    const { printed } = simulateCoverage({ effects, seeds, examples: 40, replications: 400, resamples: 60 });
    expect(printed).toBeGreaterThanOrEqual(0.93);
  });

  test('which the bootstrap alone does not where seeds matter', () => {
    const effects = EFFECTS.find(({ name }) => name === 'large seed effect')!;
    const settings = { effects, seeds: 3, examples: 40, replications: 400, resamples: 60 };
    expect(simulateCoverage(settings).bootstrap).toBeLessThan(0.85);
  });
});
