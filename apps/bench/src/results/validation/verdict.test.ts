import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Verdict, judgeAbove, judgeAll } from './verdict.ts';

test.each<[number, number, number, Verdict]>([
  [0.1, 0.01, 0, 'holds'],
  [0.1, 0.05, 0, 'holds'],
  [0.1, 0.051, 0, 'inconclusive'],
  [-0.1, 0.01, 0, 'does not hold'],
  [-0.1, 0.2, 0, 'inconclusive'],
  [-0.02, 0.01, -0.05, 'holds'],
  [-0.2, 0.01, -0.05, 'does not hold'],
  [0, 1, 0, 'inconclusive'],
])('%f with p = %f, against %f: %s', (value, p, against, verdict) =>
  expect(judgeAbove(value, { lower: value - 0.1, upper: value + 0.1 }, p, against)).toBe(verdict),
);

test('what is at the limit without any uncertainty is not above it', () => {
  expect(judgeAbove(0, { lower: 0, upper: 0 }, 1)).toBe('does not hold');
});

test('without a value, an interval or a p-value nothing can be said', () => {
  const interval = { lower: 0.1, upper: 0.2 };
  expect(judgeAbove(null, interval, 0.01)).toBe('inconclusive');
  expect(judgeAbove(0.15, null, 0.01)).toBe('inconclusive');
  expect(judgeAbove(0.15, interval, null)).toBe('inconclusive');
});

test('a larger p-value never turns a verdict positive', () => {
  const p = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.double({ min: -1, max: 1, noNaN: true }), p, p, (value, a, b) => {
      const of = (own: number) => judgeAbove(value, { lower: value - 1, upper: value + 1 }, own);
      expect(of(Math.max(a, b)) === 'holds' && of(Math.min(a, b)) !== 'holds').toBe(false);
    }),
    { seed: 4 },
  );
});

test('of several verdicts all have to hold, and one that does not is enough', () => {
  expect(judgeAll(['holds', 'holds'])).toBe('holds');
  expect(judgeAll(['holds', 'inconclusive'])).toBe('inconclusive');
  expect(judgeAll(['holds', 'inconclusive', 'does not hold'])).toBe('does not hold');
  expect(judgeAll([])).toBe('inconclusive');
});
