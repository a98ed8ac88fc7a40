import { type Interval, mean, sampleStandardDeviation } from '@icl-gd/metrics';
import { tQuantile, tTwoSidedP } from './distributions.ts';

/** A mean of independent values, with what Student's t says of it. */
export interface TTest {
  readonly mean: number;
  readonly interval: Interval;
  /** Of the mean, two-sided, against zero; 1 where all values are zero. */
  readonly p: number;
}

/**
 * Student's t for the mean of independent values: seeds, or datasets.
 * @param level of the interval, e.g. 0.95
 * @returns null for fewer than two values
 */
export function tTest(values: readonly number[], level = 0.95): TTest | null {
  const [centre, deviation] = [mean(values), sampleStandardDeviation(values)];
  if (centre === null || deviation === null) return null;
  const error = deviation / Math.sqrt(values.length);
  const df = values.length - 1;
  const half = tQuantile((1 + level) / 2, df) * error;
  return {
    mean: centre,
    interval: { lower: centre - half, upper: centre + half },
    p: centre === 0 ? 1 : tTwoSidedP(centre / error, df),
  };
}
