import { describe, expect, it } from 'vitest';
import {
  bootstrapInterval,
  bootstrapLayerMeanInterval,
  bootstrapLayerMeanIntervals,
  layerMean,
  mean,
  sampleStandardDeviation,
} from './index.ts';
import type { ExampleScore } from './index.ts';
import { seededNormal, seededRandom } from './test-support.ts';

const one = (sum: number): ExampleScore => ({ sum, count: 1 });

describe('mean, sampleStandardDeviation and layerMean', () => {
  it('match hand-computed values', () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(sampleStandardDeviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 15);
    expect(sampleStandardDeviation([1, 3])).toBeCloseTo(Math.SQRT2, 15);
    expect(layerMean([0.5, null, 0.25])).toBe(0.375);
  });

  it('are null where undefined', () => {
    expect(mean([])).toBeNull();
    expect(sampleStandardDeviation([1])).toBeNull();
    expect(layerMean([null, null])).toBeNull();
  });

  it('reject what is not finite', () => {
    expect(() => mean([1, Number.NaN])).toThrow(new RangeError('values[1] is NaN; it must be finite'));
    expect(() => sampleStandardDeviation([Infinity, 1])).toThrow(
      new RangeError('values[0] is Infinity; it must be finite'),
    );
    expect(() => layerMean([Number.NaN])).toThrow(RangeError);
  });
});

describe('bootstrapInterval', () => {
  const normal = seededNormal(7);
  const sample = Array.from({ length: 50 }, () => one(normal()));

  const run = (seed: number) =>
    bootstrapInterval(sample, { resamples: 200, level: 0.9, random: seededRandom(seed) });

  it('is the same for the same seed and another for another seed', () => {
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  it('lies between the quantiles (1 − level) / 2 and (1 + level) / 2 of the means of the resamples', () => {
    const scores = [1, 2, 3, 4, 5].map(one);
    const interval = (level: number) => {
      // Five resamples that draw one and the same example each.
      const draws = [5, 1, 4, 2, 3].flatMap((drawn) => scores.map(() => (drawn - 0.5) / 5));
      const found = bootstrapInterval(scores, { resamples: 5, level, random: () => draws.shift()! });
      expect(draws).toEqual([]);
      return found;
    };
    expect(interval(0.5)).toEqual({ lower: 2, upper: 4 });
    // Linear between neighbours.
    expect(interval(0.9)).toEqual({ lower: expect.closeTo(1.2, 12), upper: expect.closeTo(4.8, 12) });
  });

  it('pools cosines: an example counts by the number of its defined cosines', () => {
    // Of two examples three resamples are possible: 0/1 twice, 9/9 twice, or one of each, 9/10.
    const scores = [one(0), { sum: 9, count: 9 }];
    const means = (level: number) =>
      bootstrapInterval(scores, { resamples: 4000, level, random: seededRandom(5) });
    expect(means(0.99)).toEqual({ lower: 0, upper: 1 });
    expect(means(0.3)).toEqual({ lower: 0.9, upper: 0.9 });
  });

  it('leaves out examples without a defined cosine and is null for fewer than two others', () => {
    const options = { resamples: 50, level: 0.95 };
    const empty = { sum: 0, count: 0 };
    const padded = sample.flatMap((score) => [score, empty]);
    expect(bootstrapInterval(padded, { ...options, random: seededRandom(1) })).toEqual(
      bootstrapInterval(sample, { ...options, random: seededRandom(1) }),
    );
    expect(bootstrapInterval([one(1), empty], { ...options, random: seededRandom(1) })).toBeNull();
    expect(bootstrapInterval([], { ...options, random: seededRandom(1) })).toBeNull();
  });

  it('rejects options out of range', () => {
    const options = { resamples: 10, level: 0.95, random: () => 0.5 };
    expect(() => bootstrapInterval(sample, { ...options, resamples: 0 })).toThrow(
      new RangeError('resamples is 0; it must be a positive integer'),
    );
    for (const level of [95, 1, 0, Number.NaN])
      expect(() => bootstrapInterval(sample, { ...options, level })).toThrow(
        new RangeError(`level is ${level}; it must lie between 0 and 1`),
      );
    for (const outside of [1, -0.01])
      expect(() => bootstrapInterval(sample, { ...options, random: () => outside })).toThrow(
        new RangeError('random() returned a number outside [0, 1)'),
      );
    expect(() => bootstrapInterval([one(1), one(Number.NaN)], options)).toThrow(
      new RangeError('sums of perExample[0][1] is NaN; it must be finite'),
    );
    expect(() => bootstrapInterval([{ sum: 1, count: Infinity }, one(1)], options)).toThrow(
      new RangeError('counts of perExample[0][0] is Infinity; it must be finite'),
    );
  });

  it('is about ± z · σ / √n wide', () => {
    const { lower, upper } = bootstrapInterval(sample, {
      resamples: 2000,
      level: 0.95,
      random: seededRandom(3),
    })!;
    const sigma = sampleStandardDeviation(sample.map(({ sum }) => sum))!;
    const expected = (2 * 1.96 * sigma) / Math.sqrt(50);
    expect(Math.abs((upper - lower) / expected - 1)).toBeLessThan(0.1);
  });

  it('covers the true mean about as often as its level says, and misses it on both sides', () => {
    const trials = 300;
    const draw = seededNormal(11);
    const random = seededRandom(12);
    let [missedBelow, missedAbove] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const scores = Array.from({ length: 30 }, () => one(3 + draw()));
      const { lower, upper } = bootstrapInterval(scores, { resamples: 200, level: 0.9, random })!;
      if (3 < lower) missedBelow++;
      if (upper < 3) missedAbove++;
    }
    for (const missed of [missedBelow, missedAbove]) {
      expect(missed / trials).toBeGreaterThan(0.02);
      expect(missed / trials).toBeLessThan(0.09);
    }
  });
});

describe('bootstrapLayerMeanInterval', () => {
  it('draws the same examples in all layers: opposite layers cancel', () => {
    const scores = [1, 2, 3, 4].map(one);
    const opposite = [-1, -2, -3, -4].map(one);
    const options = { resamples: 100, level: 0.95, random: seededRandom(1) };
    expect(bootstrapLayerMeanInterval([scores, opposite], options)).toEqual({ lower: 0, upper: 0 });
  });

  it('leaves a layer out of a resample in which it has no defined cosine', () => {
    const options = { resamples: 100, level: 0.95, random: seededRandom(1) };
    const layers = [
      [one(1), one(1), one(1)],
      [
        { sum: 0, count: 0 },
        { sum: 0, count: 0 },
        { sum: 0, count: 0 },
      ],
    ];
    expect(bootstrapLayerMeanInterval(layers, options)).toEqual({ lower: 1, upper: 1 });
  });

  it('counts an example that has a defined cosine in any layer', () => {
    const empty = { sum: 0, count: 0 };
    const layers = [
      [one(2), empty, empty],
      [empty, one(2), empty],
    ];
    // Of both examples, one layer each.
    const options = { resamples: 20, level: 0.95, random: seededRandom(1) };
    expect(bootstrapLayerMeanInterval(layers, options)).toEqual({ lower: 2, upper: 2 });
    expect(bootstrapLayerMeanInterval([], options)).toBeNull();
  });

  it('rejects layers with different numbers of examples', () => {
    const options = { resamples: 10, level: 0.95, random: seededRandom(1) };
    expect(() => bootstrapLayerMeanInterval([[one(1)], []], options)).toThrow(
      /perExample\[0\] has length 1, perExample\[1\] has length 0/,
    );
  });
});

describe('bootstrapLayerMeanIntervals', () => {
  it('gives each metric the interval that it has alone, whichever examples are defined and however often', () => {
    const normal = seededNormal(21);
    const scores = (counts: readonly number[]): ExampleScore[] =>
      counts.map((count) => ({ sum: count * normal(), count }));
    const metrics = [
      [scores([1, 1, 1, 1]), scores([1, 1, 1, 1])],
      [scores([4, 3, 4, 2]), scores([4, 4, 0, 4])],
      [scores([1, 0, 1, 1]), scores([1, 0, 1, 1])],
      [scores([0, 0, 0, 1])],
    ];
    const options = { resamples: 50, level: 0.9 };
    const together = bootstrapLayerMeanIntervals(metrics, { ...options, begin: () => seededRandom(2) });
    expect(together).toEqual(
      metrics.map((own) => bootstrapLayerMeanInterval(own, { ...options, random: seededRandom(2) })),
    );
    expect(together.map((own) => own === null)).toEqual([false, false, false, true]);
  });
});
