import type { Interval } from './bootstrap.ts';

/** 0.975 quantile of the standard normal distribution. */
const QUANTILE_95 = 1.959963984540054;

/**
 * Wilson's 95 % interval of a share of independent trials.
 * @param successes how many, of `trials`
 * @param quantile of the standard normal distribution, for another level: 0.5 + level / 2
 * @returns null for no trials
 * @throws RangeError if the counts are not whole numbers or there are more successes than trials
 */
export function shareInterval(successes: number, trials: number, quantile = QUANTILE_95): Interval | null {
  if (!Number.isInteger(successes) || !Number.isInteger(trials) || successes < 0 || successes > trials)
    throw new RangeError(
      `${successes} successes of ${trials} trials: they must be whole numbers, 0 to trials`,
    );
  if (trials === 0) return null;
  const share = successes / trials;
  const z2 = quantile * quantile;
  const middle = share + z2 / (2 * trials);
  const half = quantile * Math.sqrt((share * (1 - share) + z2 / (4 * trials)) / trials);
  const scale = 1 + z2 / trials;
  // Exactly 0 and 1 at the ends, where rounding would leave something.
  return {
    lower: successes === 0 ? 0 : (middle - half) / scale,
    upper: successes === trials ? 1 : (middle + half) / scale,
  };
}
