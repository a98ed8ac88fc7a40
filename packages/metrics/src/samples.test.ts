import { mean, quantileSorted, sampleCorrelation, sampleStandardDeviation } from 'simple-statistics';
import { expect, it } from 'vitest';
import { correlationOf, meanOf, quantileOfSorted, standardDeviationOf } from './samples.ts';
import { seededRandom } from './test-support.ts';

const random = seededRandom(3);
/** Samples of 2 to 41 values whose sizes differ by many powers of ten. */
const samples = Array.from({ length: 40 }, (_, i) =>
  Array.from({ length: i + 2 }, () => (random() - 0.4) * 10 ** Math.floor(12 * random() - 6)),
);

it('mean and standard deviation are those of simple-statistics, to the bit', () => {
  for (const sample of samples) {
    expect(meanOf(sample)).toBe(mean(sample));
    expect(standardDeviationOf(sample)).toBe(sampleStandardDeviation(sample));
  }
});

it('sums what a plain loop loses', () => {
  expect(meanOf([1e100, 1, -1e100, 1])).toBe(0.5);
});

it('correlations are those of simple-statistics, to the bit', () => {
  for (const sample of samples) {
    const other = sample.map((value) => value + random());
    expect(correlationOf(sample, other)).toBe(sampleCorrelation(sample, other));
  }
});

it('quantiles are those of simple-statistics, to the bit: of ends, of places in a sample and between two', () => {
  for (const sample of samples) {
    const sorted = sample.toSorted((a, b) => a - b);
    for (const probability of [0, 0.025, 0.25, 0.5, 0.6, 0.975, 1])
      expect(quantileOfSorted(sorted, probability)).toBe(quantileSorted(sorted, probability));
  }
});
