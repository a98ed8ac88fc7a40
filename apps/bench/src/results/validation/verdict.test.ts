import { expect, test } from 'vitest';
import { type Verdict, judgeAgreement, judgeShare, judgeSign } from './verdict.ts';

test.each<[number, number, boolean, Verdict]>([
  [0.1, 0.2, false, 'holds'],
  [0, 0.2, false, 'cannot be said'],
  [0, 0.2, true, 'holds'],
  [-0.2, 0, false, 'does not hold'],
  [-0.2, 0, true, 'cannot be said'],
  [-0.2, -0.1, true, 'does not hold'],
])('the sign of [%s, %s], or equal %s: %s', (lower, upper, orEqual, verdict) =>
  expect(judgeSign({ lower, upper }, orEqual)).toBe(verdict),
);

test('without an interval nothing can be said', () => {
  expect(judgeSign(null)).toBe('cannot be said');
  expect(judgeAgreement(null, 0.1, 0.1)).toBe('cannot be said');
});

test('a published figure agrees if its deviation and rounding reach the interval', () => {
  const interval = { lower: 0.1, upper: 0.12 };
  expect(judgeAgreement(interval, 0.095, 0)).toBe('holds');
  expect(judgeAgreement(interval, 0.094, 0)).toBe('does not hold');
  expect(judgeAgreement(interval, 0.085, 0.01)).toBe('holds');
  expect(judgeAgreement(interval, 0.14, 0.01)).toBe('does not hold');
});

test('a share is reached, out of reach, or open', () => {
  const cases = (holds: number, fails: number, open: number): Verdict[] => [
    ...Array.from({ length: holds }, (): Verdict => 'holds'),
    ...Array.from({ length: fails }, (): Verdict => 'does not hold'),
    ...Array.from({ length: open }, (): Verdict => 'cannot be said'),
  ];
  expect(judgeShare(cases(5, 0, 1), 5 / 6)).toBe('holds');
  expect(judgeShare(cases(4, 1, 1), 5 / 6)).toBe('cannot be said');
  expect(judgeShare(cases(4, 2, 0), 5 / 6)).toBe('does not hold');
  expect(judgeShare(cases(1, 0, 0), 5 / 6)).toBe('holds');
  // Of five, 5/6 are all five; of seven they are six.
  expect(judgeShare(cases(4, 1, 0), 5 / 6)).toBe('does not hold');
  expect(judgeShare(cases(6, 1, 0), 5 / 6)).toBe('holds');
  expect(judgeShare(cases(0, 1, 0), 5 / 6)).toBe('does not hold');
  expect(judgeShare(cases(0, 0, 1), 5 / 6)).toBe('cannot be said');
  // 4/5 of five are four, whatever rounding does to the product.
  expect(judgeShare(cases(4, 1, 0), 4 / 5)).toBe('holds');
  expect(judgeShare([], 1)).toBe('cannot be said');
});
