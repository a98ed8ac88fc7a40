import { describe, expect, it } from 'vitest';
import { crossedBootstrapInterval, crossedMean, exampleMeans, pearsonCorrelation } from './index.ts';
import { seededNormal, seededRandom } from './test-support.ts';

const options = (seed = 1, resamples = 400) => ({ resamples, level: 0.95, random: seededRandom(seed) });

describe('crossedMean', () => {
  it('weighs seeds alike, however many of their scores are defined', () => {
    expect(
      crossedMean([
        [1, null, null],
        [3, 5, 7],
      ]),
    ).toBe(3);
    expect(crossedMean([[null], [4]])).toBe(4);
    expect(crossedMean([[null, null]])).toBeNull();
    expect(crossedMean([])).toBeNull();
  });
});

describe('crossedBootstrapInterval', () => {
  it('is the same for the same seed', () => {
    const scores = [Array.from({ length: 30 }, seededNormal(3))];
    expect(crossedBootstrapInterval(scores, options())).toEqual(crossedBootstrapInterval(scores, options()));
    expect(crossedBootstrapInterval(scores, options())).not.toEqual(
      crossedBootstrapInterval(scores, options(2)),
    );
  });

  it('with one seed covers the true mean about as often as its level says', () => {
    const normal = seededNormal(5);
    const random = seededRandom(6);
    let missed = 0;
    for (let trial = 0; trial < 400; trial++) {
      const scores = [Array.from({ length: 40 }, () => 3 + normal())];
      const { lower, upper } = crossedBootstrapInterval(scores, { resamples: 200, level: 0.9, random })!;
      if (lower > 3 || upper < 3) missed++;
    }
    expect(missed / 400).toBeGreaterThan(0.05);
    expect(missed / 400).toBeLessThan(0.17);
  });

  it('spans seeds that disagree, where examples alone would not', () => {
    const row = (value: number) => Array.from({ length: 50 }, (_, i) => value + (i % 2) * 0.001);
    const { lower, upper } = crossedBootstrapInterval([row(0), row(1), row(2)], options())!;
    expect(lower).toBeLessThan(0.35);
    expect(upper).toBeGreaterThan(1.65);
  });

  it('leaves undefined scores out, and is null without two examples', () => {
    expect(crossedBootstrapInterval([[null, 0.5, 0.5]], options())).toEqual({ lower: 0.5, upper: 0.5 });
    expect(crossedBootstrapInterval([[null, 0.5]], options())).toBeNull();
    expect(crossedBootstrapInterval([[0.5], [0.6]], options())).toBeNull();
    expect(crossedBootstrapInterval([], options())).toBeNull();
  });

  it('rejects ragged rows, what is not finite, and bad options', () => {
    expect(() => crossedBootstrapInterval([[1, 2], [1]], options())).toThrow(
      'scores[0] has length 2, scores[1] has length 1',
    );
    expect(() => crossedBootstrapInterval([[1, Number.NaN]], options())).toThrow('scores[0][1] is NaN');
    expect(() => crossedBootstrapInterval([[1, 2]], { ...options(), level: 1 })).toThrow('level is 1');
    expect(() => crossedBootstrapInterval([[1, 2]], { ...options(), random: () => 1 })).toThrow(
      'outside [0, 1)',
    );
  });
});

describe('exampleMeans', () => {
  it("averages an example's own cosines over the layers that have any", () => {
    const score = (sum: number, count: number) => ({ sum, count });
    const perExample = [
      [score(1, 2), score(0, 0), score(0, 0)],
      [score(0.3, 1), score(0.6, 3), score(0, 0)],
    ];
    const means = exampleMeans({ perExample, values: [], undefinedCounts: [] });
    expect(means[0]).toBeCloseTo(0.4, 15);
    expect(means[1]).toBeCloseTo(0.2, 15);
    expect(means[2]).toBeNull();
  });
});

describe('pearsonCorrelation', () => {
  it('matches a hand-computed value and is null where undefined', () => {
    expect(pearsonCorrelation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 14);
    expect(pearsonCorrelation([1, 2, 3], [1, 3, 2])).toBeCloseTo(0.5, 14);
    expect(pearsonCorrelation([1, 1], [1, 2])).toBeNull();
    expect(pearsonCorrelation([1], [2])).toBeNull();
    expect(() => pearsonCorrelation([1, 2], [1])).toThrow(RangeError);
    expect(() => pearsonCorrelation([1, Number.NaN], [1, 2])).toThrow('a[1] is NaN');
  });
});
