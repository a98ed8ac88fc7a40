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
 * 76 % of cases with three seeds, 86 % with five and 92 % with ten; use Student's t over the seeds' means beside it. With one seed
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

  const rows = seeds.map((row) => compactRow(row, examples));
  const draw = (count: number): number => {
    const uniform = random();
    if (!(uniform >= 0 && uniform < 1)) throw new RangeError('random() returned a number outside [0, 1)');
    return Math.floor(uniform * count);
  };
  const drawnSeeds = new Uint32Array(rows.length);
  const drawnExamples = new Uint32Array(examples.length);
  const means = new Float64Array(resamples);
  let defined = 0;
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < drawnSeeds.length; i++) drawnSeeds[i] = draw(rows.length);
    for (let i = 0; i < drawnExamples.length; i++) drawnExamples[i] = draw(examples.length);
    // A seed that is drawn twice has the same mean.
    const ofRows: (number | null | undefined)[] = rows.map(() => undefined);
    for (const seed of drawnSeeds)
      if (ofRows[seed] === undefined) ofRows[seed] = meanOf(rows[seed]!, drawnExamples);
    const value = mean([...drawnSeeds].flatMap((seed) => ofRows[seed] ?? []));
    if (value !== null) means[defined++] = value;
  }
  if (defined === 0) return null;
  const sorted = means.subarray(0, defined).sort();
  return {
    lower: quantileOfSorted(sorted, (1 - level) / 2),
    upper: quantileOfSorted(sorted, (1 + level) / 2),
  };
}

/** A seed's scores of the examples that are drawn from. */
interface Row {
  /** 0 where there is none. */
  readonly scores: Float64Array;
  /** 1 where there is one; absent if there are all. */
  readonly present: Uint8Array | undefined;
}

function compactRow(row: readonly (number | null)[], examples: readonly number[]): Row {
  const own = examples.map((e) => row[e] ?? null);
  return {
    scores: Float64Array.from(own, (score) => score ?? 0),
    present: own.includes(null) ? Uint8Array.from(own, (score) => (score === null ? 0 : 1)) : undefined,
  };
}

/** A plain loop: it runs once for every resample, seed and example. */
function meanOf({ scores, present }: Row, drawn: Uint32Array): number | null {
  let sum = 0;
  for (let i = 0; i < drawn.length; i++) sum += scores[drawn[i]!]!;
  if (!present) return sum / drawn.length;
  let count = 0;
  for (let i = 0; i < drawn.length; i++) count += present[drawn[i]!]!;
  return count === 0 ? null : sum / count;
}
