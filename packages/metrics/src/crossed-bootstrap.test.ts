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

  it('spans seeds that disagree, where examples alone would not', () => {
    const row = (value: number) => Array.from({ length: 50 }, (_, i) => value + (i % 2) * 0.001);
    const { lower, upper } = crossedBootstrapInterval([row(0), row(1), row(2)], options())!;
    expect(lower).toBeLessThan(0.35);
    expect(upper).toBeGreaterThan(1.65);
  });

  it('draws seeds, then for all of them the same examples', () => {
    const scores = [
      [1, 2, 3],
      [11, 12, 13],
    ];
    // Means 2, 12 and 8.
    const drawn = [
      { seeds: [0, 0], examples: [1, 1, 1] },
      { seeds: [1, 1], examples: [0, 1, 2] },
      { seeds: [0, 1], examples: [2, 2, 2] },
    ];
    const interval = (level: number) => {
      const draws = drawn.flatMap(({ seeds, examples }) => [
        ...seeds.map((seed) => seed / 2),
        ...examples.map((example) => (example + 0.5) / 3),
      ]);
      const random = () => draws.shift()!;
      const found = crossedBootstrapInterval(scores, { resamples: drawn.length, level, random });
      expect(draws).toEqual([]);
      return found;
    };
    // Linear between neighbours.
    expect(interval(0.5)).toEqual({ lower: 5, upper: 10 });
    expect(interval(0.9)).toEqual({ lower: expect.closeTo(2.6, 12), upper: expect.closeTo(11.6, 12) });
  });

  it('leaves out resamples without a score, and is null if there are no others', () => {
    const scores = [
      [5, null],
      [null, 5],
    ];
    expect(crossedBootstrapInterval(scores, options())).toEqual({ lower: 5, upper: 5 });
    // The second example of the first seed, both times.
    const draws = [0, 0, 0.5, 0.5];
    const random = () => draws.shift()!;
    expect(crossedBootstrapInterval(scores, { resamples: 1, level: 0.95, random })).toBeNull();
  });

  it('draws only among seeds that have a score', () => {
    let calls = 0;
    const random = () => (calls++, 0.5);
    const scores = [
      [null, null],
      [1, 2],
    ];
    expect(crossedBootstrapInterval(scores, { resamples: 10, level: 0.95, random })).toEqual({
      lower: 2,
      upper: 2,
    });
    expect(calls).toBe(10 * (1 + 2));
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
    for (const level of [1, 0, 95, Number.NaN])
      expect(() => crossedBootstrapInterval([[1, 2]], { ...options(), level })).toThrow(
        new RangeError(`level is ${level}; it must lie between 0 and 1`),
      );
    expect(() => crossedBootstrapInterval([[1, 2]], options(1, 0))).toThrow(
      new RangeError('resamples is 0; it must be a positive integer'),
    );
    for (const outside of [1, -0.01, Number.NaN])
      expect(() => crossedBootstrapInterval([[1, 2]], { ...options(), random: () => outside })).toThrow(
        new RangeError('random() returned a number outside [0, 1)'),
      );
  });

  it('with one seed covers the true mean about as often as its level says', () => {
    const normal = seededNormal(5);
    const random = seededRandom(6);
    let missed = 0;
    for (let trial = 0; trial < 300; trial++) {
      const scores = [Array.from({ length: 30 }, () => 3 + normal())];
      const { lower, upper } = crossedBootstrapInterval(scores, { resamples: 150, level: 0.9, random })!;
      if (lower > 3 || upper < 3) missed++;
    }
    expect(missed / 300).toBeGreaterThan(0.05);
    expect(missed / 300).toBeLessThan(0.17);
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
    expect(exampleMeans({ perExample: [], values: [], undefinedCounts: [] })).toEqual([]);
  });
});

describe('pearsonCorrelation', () => {
  it('matches a hand-computed value and is null where undefined', () => {
    expect(pearsonCorrelation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 14);
    expect(pearsonCorrelation([1, 2, 3], [1, 3, 2])).toBeCloseTo(0.5, 14);
    expect(pearsonCorrelation([1, 1], [1, 2])).toBeNull();
    expect(pearsonCorrelation([1, 2], [3, 3])).toBeNull();
    expect(pearsonCorrelation([1], [2])).toBeNull();
    expect(pearsonCorrelation([], [])).toBeNull();
    expect(pearsonCorrelation([1, 2], [5, 4])).toBeCloseTo(-1, 14);
    // Constant but for one value.
    expect(pearsonCorrelation([1, 1, 2], [1, 1, 2])).toBeCloseTo(1, 14);
    expect(() => pearsonCorrelation([1, 2], [1])).toThrow(
      new RangeError('a has length 2, b has length 1; they must agree'),
    );
    expect(() => pearsonCorrelation([1, Number.NaN], [1, 2])).toThrow(
      new RangeError('a[1] is NaN; it must be finite'),
    );
    expect(() => pearsonCorrelation([1, 2], [1, Infinity])).toThrow(
      new RangeError('b[1] is Infinity; it must be finite'),
    );
  });
});
