import { mean } from '@icl-gd/metrics';

/**
 * Standard error of the mean of values that seeds and examples cross in, both drawn: the variance components of the two-way
 * layout without replication, (MS_seeds + MS_examples − MS_rest) / (S n), at least MS_rest / (S n). With one seed, the standard
 * error over examples alone; with one example, over seeds alone; null with one of each.
 * @param values [seed][example]
 */
export function crossedStandardError(values: readonly (readonly number[])[]): number | null {
  const seeds = values.length;
  const examples = values[0]?.length ?? 0;
  if (seeds * examples < 2) return null;
  const seedMeans = values.map((own) => mean(own) as number);
  const exampleMeans = Array.from(
    { length: examples },
    (_, i) => mean(values.map((own) => own[i] as number)) as number,
  );
  const grand = mean(seedMeans) as number;
  const squares = (means: readonly number[]): number =>
    means.reduce((sum, own) => sum + (own - grand) ** 2, 0);
  const ofSeeds = seeds > 1 ? (examples * squares(seedMeans)) / (seeds - 1) : 0;
  const ofExamples = examples > 1 ? (seeds * squares(exampleMeans)) / (examples - 1) : 0;
  if (seeds === 1 || examples === 1) return Math.sqrt((ofSeeds + ofExamples) / (seeds * examples));
  let rest = 0;
  for (const [s, own] of values.entries())
    for (const [i, value] of own.entries())
      rest += (value - (seedMeans[s] as number) - (exampleMeans[i] as number) + grand) ** 2;
  const ofRest = rest / ((seeds - 1) * (examples - 1));
  return Math.sqrt(Math.max(ofSeeds + ofExamples - ofRest, ofRest) / (seeds * examples));
}

/** a − b, pair by pair: [seed][example]. */
export function differences(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): number[][] {
  return a.map((own, s) => own.map((value, i) => value - (b[s]?.[i] as number)));
}
