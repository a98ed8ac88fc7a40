import type { Interval } from '@icl-gd/metrics';
import { tQuantile } from './distributions.ts';
import { type Estimate, intervalAt } from './estimate.ts';

/**
 * What two one-sided tests say of a difference and a margin fixed beforehand: `equivalent`, it is within the margin; `different`, it is
 * beyond it; `inconclusive`, there is room for both.
 */
export type Equivalence = 'equivalent' | 'different' | 'inconclusive';

/** Half a unit of the last digit of the paper's tables. */
export const ROUNDING = 0.005;
/** Seeds behind every published mean and deviation. */
const PUBLISHED_SEEDS = 3;

/** A mean as printed, over three seeds. */
export interface PublishedMean {
  readonly mean: number;
  /** Sample deviation over the seeds. */
  readonly deviation: number;
}

/** A difference between what was measured and what is published. */
export interface Difference {
  /** measured − published. */
  readonly value: number;
  /** At 95 %, the published figure's own uncertainty included. */
  readonly interval: Interval;
  /** At 90 %: inside ±margin where both one-sided tests reject at 5 %. */
  readonly interval90: Interval;
}

/**
 * measured − published. Squared distances from value to bound add up (Zou and Donner's MOVER): unlike a common number of degrees of
 * freedom this never makes the interval narrower where one side's is wider.
 * @returns null where too little was measured for an interval
 */
export function differenceFrom(measured: Estimate, published: PublishedMean): Difference | null {
  const { value } = measured;
  if (value === null) return null;
  const at = (level: number): Interval | null => {
    const own = intervalAt(measured, level);
    const other = publishedHalfWidth(published.deviation, measured.seeds, level);
    return (
      own && {
        lower: value - published.mean - Math.hypot(Math.max(0, value - own.lower), other),
        upper: value - published.mean + Math.hypot(Math.max(0, own.upper - value), other),
      }
    );
  };
  const [interval, interval90] = [at(0.95), at(0.9)];
  return interval && interval90 ? { value: value - published.mean, interval, interval90 } : null;
}

/**
 * What the published figure adds to half an interval: Student's t of its three seeds, and rounding as a uniform error. Where a single
 * seed was measured, the published deviation also stands for that seed's own, of which the run knows nothing.
 */
export function publishedHalfWidth(deviation: number, seeds: number, level: number): number {
  const ofSeeds = deviation * Math.sqrt(1 / PUBLISHED_SEEDS + (seeds === 1 ? 1 : 0));
  return Math.hypot(
    tQuantile((1 + level) / 2, PUBLISHED_SEEDS - 1) * ofSeeds,
    (tQuantile((1 + level) / 2, Infinity) * ROUNDING) / Math.sqrt(3),
  );
}

/** The mean of independent differences, of datasets that are the same on both sides: by the same rule. */
export function averageDifference(differences: readonly Difference[], value: number): Difference {
  const at = (of: (difference: Difference) => Interval): Interval => ({
    lower: value - Math.hypot(...differences.map((own) => own.value - of(own).lower)) / differences.length,
    upper: value + Math.hypot(...differences.map((own) => of(own).upper - own.value)) / differences.length,
  });
  return { value, interval: at(({ interval }) => interval), interval90: at(({ interval90 }) => interval90) };
}

/**
 * Both verdicts ask for a narrow interval: `equivalent` if the 90 % interval is inside ±margin, `different` if the 95 % interval is
 * outside of it. A difference that is not zero but within the margin is `equivalent`.
 */
export function judgeEquivalence(
  difference: Pick<Difference, 'interval' | 'interval90'> | null,
  margin: number,
): Equivalence {
  if (!difference) return 'inconclusive';
  const { interval, interval90 } = difference;
  if (interval90.lower > -margin && interval90.upper < margin) return 'equivalent';
  return interval.lower > margin || interval.upper < -margin ? 'different' : 'inconclusive';
}
