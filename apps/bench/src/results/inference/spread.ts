import { type CrossedScores, mean } from '@icl-gd/metrics';

/** Where the variance of a mean over seeds and examples comes from. */
export interface Spread {
  /** Of a seed's mean: a mean over S seeds has a S-th of it. */
  readonly seedVariance: number;
  /** Of the mean, from the choice of examples that all seeds share: no number of seeds makes it smaller. */
  readonly exampleVariance: number;
  /** How many all seeds share. */
  readonly examples: number;
}

/**
 * Sample variance of the seeds' means, and by the analysis of variance the share of the examples that seeds have in common.
 * @returns null for fewer than two seeds
 */
export function spreadOf(scores: CrossedScores): Spread | null {
  const seedMeans = scores.flatMap((row) => mean(row.filter((score) => score !== null)) ?? []);
  if (seedMeans.length < 2) return null;
  const seedVariance = variance(seedMeans);
  // Examples that every seed has.
  const examples = [...(scores[0]?.keys() ?? [])].filter((e) => scores.every((row) => row[e] !== null));
  const [count, seeds] = [examples.length, scores.length];
  if (count < 2) return { seedVariance, exampleVariance: 0, examples: count };
  const exampleMeans = examples.map((e) => mean(scores.map((row) => row[e] as number)) as number);
  const own = scores.map((row) => mean(examples.map((e) => row[e] as number)) as number);
  const grand = mean(own) as number;
  let residual = 0;
  for (const [s, row] of scores.entries())
    for (const [i, e] of examples.entries())
      residual += ((row[e] as number) - own[s]! - exampleMeans[i]! + grand) ** 2;
  const residualVariance = residual / ((seeds - 1) * (count - 1));
  return {
    seedVariance,
    exampleVariance: Math.max(0, variance(exampleMeans) - residualVariance / seeds) / count,
    examples: count,
  };
}

function variance(values: readonly number[]): number {
  const centre = mean(values) as number;
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
