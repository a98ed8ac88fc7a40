import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kendallTau } from './index.ts';

/** τ-b by its definition over all pairs. */
function kendallTauFromPairs(a: readonly number[], b: readonly number[]): number | null {
  let [difference, untiedA, untiedB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const signA = Math.sign(a[i]! - a[j]!);
      const signB = Math.sign(b[i]! - b[j]!);
      difference += signA * signB;
      untiedA += Math.abs(signA);
      untiedB += Math.abs(signB);
    }
  }
  return untiedA && untiedB ? difference / Math.sqrt(untiedA * untiedB) : null;
}

describe('kendallTau', () => {
  it('is 1 for the same order and -1 for the opposite one', () => {
    expect(kendallTau([1, 2, 3, 4], [10, 20, 35, 36])).toBe(1);
    expect(kendallTau([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  });

  it('counts concordant minus discordant pairs', () => {
    // Five of six pairs agree: (5 − 1) / 6.
    expect(kendallTau([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(2 / 3, 15);
  });

  it('corrects for ties', () => {
    // Pairs (1,2), (1,3) concordant, (2,3) tied in a: 2 / √(2 · 3).
    expect(kendallTau([1, 2, 2], [1, 2, 3])).toBeCloseTo(2 / Math.sqrt(6), 15);
  });

  it.each([
    [[1, 2, 2, 3, 3, 3, 4], [2, 1, 1, 3, 4, 3, 0], 0.05564148840746572],
    [[5, 1, 4, 2, 3, 6, 6, 0], [1, 1, 2, 7, 3, 5, 5, 4], 0.07548513560963972],
    [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3], 0.2760262237369417],
  ])('agrees with scipy.stats.kendalltau on %j and %j', (a, b, expected) => {
    expect(kendallTau(a, b)).toBeCloseTo(expected, 14);
  });

  it('is null for fewer than two items and for a constant ranking', () => {
    expect(kendallTau([], [])).toBeNull();
    expect(kendallTau([1], [2])).toBeNull();
    expect(kendallTau([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(kendallTau([1, 2, 3], [0, -0, 0])).toBeNull();
  });

  it('equals the definition over all pairs, with and without ties', () => {
    const item = fc.oneof(
      fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
      fc.tuple(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (items) => {
        const [a, b] = [items.map(([x]) => x), items.map(([, y]) => y)];
        const expected = kendallTauFromPairs(a, b);
        const outside = 2; // stands for undefined
        expect(kendallTau(Float64Array.from(a), b) ?? outside).toBeCloseTo(expected ?? outside, 12);
      }),
      { numRuns: 500 },
    );
  });

  it('rejects lengths that differ and values that are not finite', () => {
    expect(() => kendallTau([1], [1, 2])).toThrow(
      new RangeError('a has length 1, b has length 2; they must agree'),
    );
    expect(() => kendallTau([1, Number.NaN], [1, 2])).toThrow(/^a\[1\] is NaN/);
    expect(() => kendallTau([1, 2], [1, Infinity])).toThrow(/^b\[1\] is Infinity/);
  });

  it('handles a long context at once', () => {
    const n = 50_000;
    const a = Float64Array.from({ length: n }, (_, i) => i);
    // Swapping neighbours makes n / 2 pairs discordant.
    const b = Float64Array.from({ length: n }, (_, i) => i ^ 1);
    expect(kendallTau(a, b)).toBeCloseTo(1 - n / ((n * (n - 1)) / 2), 12);
  });
});
