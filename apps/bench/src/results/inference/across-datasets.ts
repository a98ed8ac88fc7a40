import { type Interval, sampleStandardDeviation } from '@icl-gd/metrics';
import { seedsNeeded } from './seeds-needed.ts';
import { signFlipP } from './sign-flip.ts';
import { tTest } from './t-interval.ts';

/** What several datasets say together: each is one draw of the datasets there might be. */
export interface AcrossDatasets {
  readonly datasets: number;
  readonly mean: number;
  /** Student's t over the datasets, at 95 %. */
  readonly interval: Interval;
  /** Of the t-test, two-sided. */
  readonly p: number;
  /** Of the exact sign-flip test, which asks for no normal distribution; null for more than 20 datasets. */
  readonly signFlipP: number | null;
  /** Sample deviation over the datasets. */
  readonly deviation: number;
}

/**
 * The mean over datasets, with datasets as units.
 * @param against what the mean is tested against
 * @returns null for fewer than two
 */
export function acrossDatasets(values: readonly number[], against = 0): AcrossDatasets | null {
  const shifted = values.map((value) => value - against);
  const [own, test] = [tTest(values), tTest(shifted)];
  if (!own || !test) return null;
  return {
    ...{ datasets: values.length, mean: own.mean, interval: own.interval },
    ...{ p: test.p, signFlipP: signFlipP(shifted), deviation: sampleStandardDeviation(values) as number },
  };
}

/** About how many datasets would tell the mean from `against` at a level; as rough as `seedsNeeded`. */
export function datasetsNeeded(across: AcrossDatasets, against: number, level: number): number {
  const spread = { seedVariance: across.deviation ** 2, exampleVariance: 0, examples: 0 };
  return seedsNeeded([spread], {
    ...{ halfWidth: Math.abs(across.mean - against), level, measured: across.datasets },
  });
}
