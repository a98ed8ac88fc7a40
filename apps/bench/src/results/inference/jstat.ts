// @ts-expect-error The package has no types.
import library from 'jstat';

interface Distribution<Parameters extends number[]> {
  cdf(x: number, ...parameters: Parameters): number;
  inv(probability: number, ...parameters: Parameters): number;
}

/** What is used of jStat. */
interface Statistics {
  readonly studentt: Distribution<[degreesOfFreedom: number]>;
  readonly normal: Distribution<[mean: number, standardDeviation: number]>;
  /** Ranks from 1; equal values have the mean of theirs. */
  rank(values: readonly number[]): number[];
}

export const { jStat } = library as { readonly jStat: Statistics };
