import type { BootstrapOptions, Interval } from './bootstrap.ts';
import { quantileOfSorted } from './samples.ts';
import { mean } from './statistics.ts';
import { requireFinite, requireSameLength, requireSize } from './validation.ts';

/** [seed][example]; null where a score is undefined. Every seed has the same examples in the same order. */
export type CrossedScores = readonly (readonly (number | null)[])[];

/** Mean over seeds of the mean over examples, of what is defined; null if nothing is. */
export function crossedMean(scores: CrossedScores): number | null {
  return mean(scores.flatMap((row) => mean(row.filter((value) => value !== null)) ?? []));
}

/**
 * Percentile bootstrap interval of {@link crossedMean} where the same examples are scored under several seeds: every
 * resample draws seeds and, for all of them alike, examples (Owen's pigeonhole bootstrap). It errs on the wide side only where
 * seeds do not matter. Where they do, few of them are too few to be resampled: in simulations a 95 % interval held the true mean in
 * 75 % of cases with three seeds, 85 % with five and 90 % with ten; use Student's t over the seeds' means beside it. With one seed
 * it is over examples alone, and says nothing about other demonstrations.
 * @returns null if fewer than two examples have a score, or no resample has one
 * @throws RangeError if rows differ in length, a score is not finite or an option is out of range
 */
export function crossedBootstrapInterval(
  scores: CrossedScores,
  { resamples, level, random }: BootstrapOptions,
): Interval | null {
  requireSize('resamples', resamples);
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}; it must lie between 0 and 1`);
  for (const [seed, row] of scores.entries()) {
    requireSameLength('scores[0]', scores[0]!, `scores[${seed}]`, row);
    requireFinite(
      `scores[${seed}]`,
      row.filter((value) => value !== null),
    );
  }
  const seeds = scores.filter((row) => row.some((value) => value !== null));
  const examples = [...(seeds[0]?.keys() ?? [])].filter((e) => seeds.some((row) => row[e] !== null));
  if (examples.length < 2) return null;

  const draw = (count: number): number => {
    const uniform = random();
    if (!(uniform >= 0 && uniform < 1)) throw new RangeError('random() returned a number outside [0, 1)');
    return Math.floor(uniform * count);
  };
  const means: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    const drawnSeeds = seeds.map(() => seeds[draw(seeds.length)]!);
    const drawnExamples = examples.map(() => examples[draw(examples.length)]!);
    const value = mean(drawnSeeds.flatMap((row) => meanOf(row, drawnExamples) ?? []));
    if (value !== null) means.push(value);
  }
  if (means.length === 0) return null;
  means.sort((a, b) => a - b);
  return { lower: quantileOfSorted(means, (1 - level) / 2), upper: quantileOfSorted(means, (1 + level) / 2) };
}

/** A plain loop: it runs once for every resample, seed and example. */
function meanOf(row: readonly (number | null)[], examples: readonly number[]): number | null {
  let sum = 0;
  let count = 0;
  for (const e of examples) {
    const value = row[e];
    if (value === null || value === undefined) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}
