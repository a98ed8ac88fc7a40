import { describe, expect, it } from 'vitest';
import { topKRecall, trainingAttentionAgreement } from './index.ts';

describe('topKRecall', () => {
  it('is the share of the top k that both have', () => {
    expect(topKRecall([9, 8, 7, 1, 0], [9, 1, 8, 7, 0], 3)).toBeCloseTo(2 / 3, 15);
    expect(topKRecall([1, 2, 3], [3, 2, 1], 1)).toBe(0);
    expect(topKRecall([1, 2, 3], [3, 2, 1], 3)).toBe(1);
  });

  it('breaks ties by the lower index', () => {
    expect(topKRecall([1, 1, 1], [5, 4, 3], 2)).toBe(1);
    expect(topKRecall([1, 1, 1], [3, 4, 5], 1)).toBe(0);
  });

  it('is null for fewer than k items', () => {
    expect(topKRecall([1, 2], [1, 2], 3)).toBeNull();
  });

  it('rejects a k that is not a positive integer, lengths that differ, values that are not finite', () => {
    expect(() => topKRecall([1], [1], 0)).toThrow(/^k is 0/);
    expect(() => topKRecall([1], [1], 1.5)).toThrow(/^k is 1\.5/);
    expect(() => topKRecall([1], [1, 2], 1)).toThrow(/^reference has length 1, candidate has length 2/);
    expect(() => topKRecall([1], [Number.NaN], 1)).toThrow(/^candidate\[0\] is NaN/);
    expect(() => topKRecall([Infinity], [1], 1)).toThrow(/^reference\[0\] is Infinity/);
  });
});

describe('trainingAttentionAgreement', () => {
  // Four demonstrations of ten tokens, two heads; expected numbers from NumPy and scipy.stats.kendalltau.
  const attention = {
    iclScores: [
      [0.13, -0.13, 0.64, 0.1, -0.54, 0.36, 1.3, 0.95, -0.7, -1.27],
      [-0.62, 0.04, -2.33, -0.22, -1.25, -0.73, -0.54, -0.32, 0.41, 1.04],
    ].flat(),
    heads: 2,
    testQuery: [-0.13, 1.37, -0.67, 0.35],
    trainingQueries: [
      [0.9, 0.09, -0.74, -0.92],
      [-0.46, 0.22, -1.01, -0.21],
      [-0.16, 0.54, 0.21, 0.36],
      [-0.65, -0.13, 0.78, 1.49],
      [-1.26, 1.51, 1.35, 0.78],
      [0.26, -0.31, 1.46, 1.96],
      [1.8, 1.32, 0.36, -1.21],
      [0, 0.66, -1.29, 0.4],
      [0.43, 0.7, -1.18, -0.66],
      [-0.44, -1.17, 1.74, -0.5],
    ].flat(),
    demonstrationLengths: [2, 3, 1, 4],
  };

  const withChange = (change: Partial<typeof attention>) => () =>
    trainingAttentionAgreement({ ...attention, ...change });

  it('ranks single tokens and whole demonstrations', () => {
    const { token, example } = trainingAttentionAgreement(attention, { token: 3, example: 2 });
    expect(token.kendallTau).toBeCloseTo(0.022222222222222223, 12);
    expect(token.topKRecall).toBeCloseTo(1 / 3, 12);
    expect(example.kendallTau).toBeCloseTo(2 / 3, 12);
    expect(example.topKRecall).toBe(0.5);
  });

  it('has no recall among fewer than 100 tokens and 5 demonstrations by default', () => {
    const { token, example } = trainingAttentionAgreement(attention);
    expect([token.topKRecall, example.topKRecall]).toEqual([null, null]);
  });

  it('is perfect where both attend alike, also for scores beyond exp’s range', () => {
    const scores = [800, 1200, -900, 1199];
    const { token, example } = trainingAttentionAgreement(
      {
        iclScores: scores,
        heads: 1,
        testQuery: [1],
        trainingQueries: scores,
        demonstrationLengths: [1, 1, 2],
      },
      { token: 2, example: 1 },
    );
    expect(token).toEqual({ kendallTau: 1, topKRecall: 1 });
    expect(example).toEqual({ kendallTau: 1, topKRecall: 1 });
  });

  it('takes the demonstrations that are attended to most for the largest', () => {
    const attended = {
      iclScores: [3, 2, 1],
      heads: 1,
      testQuery: [1],
      trainingQueries: [3, 1, 2],
      demonstrationLengths: [1, 1, 1],
    };
    const { token, example } = trainingAttentionAgreement(attended, { token: 1, example: 1 });
    expect([token.topKRecall, example.topKRecall]).toEqual([1, 1]);
    const reversed = { ...attended, trainingQueries: [1, 3, 2] };
    expect(trainingAttentionAgreement(reversed, { token: 1, example: 1 }).example.topKRecall).toBe(0);
  });

  it('names what does not fit', () => {
    expect(withChange({ heads: 3 })).toThrow(
      /iclScores has length 20; \[heads, demonstration tokens\] = \[3, 10\] needs 30/,
    );
    expect(withChange({ heads: 0 })).toThrow(new RangeError('heads is 0; it must be a positive integer'));
    expect(withChange({ testQuery: [1] })).toThrow(
      new RangeError(
        'trainingQueries has length 40; [demonstration tokens, testQuery.length] = [10, 1] needs 10',
      ),
    );
    expect(withChange({ demonstrationLengths: [] })).toThrow(/^the sum of demonstrationLengths is 0/);
    expect(withChange({ demonstrationLengths: [10, 0] })).toThrow(/^demonstrationLengths\[1\] is 0/);
    expect(withChange({ testQuery: [0, 0, 0, Number.NaN] })).toThrow(/^testQuery\[3\] is NaN/);
    expect(withChange({ iclScores: attention.iclScores.with(7, Infinity) })).toThrow(
      /^iclScores\[7\] is Infinity/,
    );
    expect(withChange({ trainingQueries: attention.trainingQueries.with(9, Number.NaN) })).toThrow(
      /^trainingQueries\[9\] is NaN/,
    );
    expect(withChange({ testQuery: [1e308, 1e308, 1e308, 1e308] })).toThrow(/^attention scores\[\d\] is /);
  });
});
