import { tQuantile } from './distributions.ts';
import type { Spread } from './spread.ts';

/** More are not looked for. */
const MOST_SEEDS = 1000;

/** What a number of seeds would have to bring about. */
export interface Wanted {
  /** The expected half-width of the interval has to be below this. */
  readonly halfWidth: number;
  /** Level of that interval, e.g. 0.95. */
  readonly level: number;
  /** Half-width of what no seed of ours narrows, as of a published figure; 0 if absent. */
  readonly fixed?: number;
  /** How many there are, which were not enough, whatever is expected of them; 1 if absent. */
  readonly measured?: number;
}

/**
 * The smallest number of seeds with which the interval of a mean over datasets (or of one) is expected to be narrow enough, if value
 * and variances stay as they are: as rough an estimate as the variance over the few seeds that it is made of.
 * @param spreads one a dataset
 * @returns Infinity for more than a thousand, or where no number would do
 */
export function seedsNeeded(
  spreads: readonly Spread[],
  { halfWidth, level, fixed = 0, measured = 1 }: Wanted,
): number {
  const sum = (of: (spread: Spread) => number): number =>
    spreads.reduce((total, spread) => total + of(spread), 0);
  const seedVariance = sum((spread) => spread.seedVariance) / spreads.length ** 2;
  const exampleVariance = sum((spread) => spread.exampleVariance) / spreads.length ** 2;
  const shared = tQuantile((1 + level) / 2, Infinity) * Math.sqrt(exampleVariance);
  const enough = (seeds: number): boolean =>
    Math.hypot(tQuantile((1 + level) / 2, seeds - 1) * Math.sqrt(seedVariance / seeds), shared, fixed) <
    halfWidth;
  if (measured >= MOST_SEEDS || !enough(MOST_SEEDS)) return Infinity;
  let [few, many] = [measured, MOST_SEEDS];
  while (many - few > 1) {
    const between = Math.floor((few + many) / 2);
    if (enough(between)) many = between;
    else few = between;
  }
  return many;
}

/** For tables: `12`, `>1000`; empty where nothing is to be settled or nothing is known of the seeds. */
export function showNeeded(needed: number | null): string {
  return needed === null ? '' : needed > MOST_SEEDS ? `>${MOST_SEEDS}` : `${needed}`;
}
