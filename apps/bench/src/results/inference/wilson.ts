import type { Interval } from '@icl-gd/metrics';
import { tQuantile } from './distributions.ts';

/**
 * Wilson's score interval of a share, which stays inside [0, 1] and is right also for few trials and for shares of 0 and 1.
 * @param level e.g. 0.95
 * @returns null for no trials
 * @throws RangeError if the successes are not an integer from 0 to the trials
 */
export function wilsonInterval(successes: number, trials: number, level = 0.95): Interval | null {
  if (!Number.isInteger(trials) || !Number.isInteger(successes) || successes < 0 || successes > trials)
    throw new RangeError(`${successes} of ${trials} is no share`);
  if (trials === 0) return null;
  const z = tQuantile((1 + level) / 2, Infinity);
  const share = successes / trials;
  const centre = (share + z ** 2 / (2 * trials)) / (1 + z ** 2 / trials);
  const half =
    (z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2))) / (1 + z ** 2 / trials);
  return {
    lower: successes === 0 ? 0 : centre - half,
    upper: successes === trials ? 1 : centre + half,
  };
}
