import { mean, sampleStandardDeviation } from '@icl-gd/metrics';
import type { MeasuredCell } from './measured.ts';

/** What identifies a score whatever the seed. */
export interface ScoreKey {
  readonly metric: string;
  readonly variant: string;
  /** A learner, or `-` for metrics that belong to none. */
  readonly method: string;
  readonly dataset: string;
}

/** Mean and sample standard deviation over seeds of a layer-averaged score or an accuracy. */
export interface SeedMean extends ScoreKey {
  readonly mean: number;
  /** Null with fewer than two seeds. */
  readonly deviation: number | null;
  readonly seeds: number;
}

/** Over the seeds where each number is defined. */
export function seedMeans(cells: readonly MeasuredCell[]): SeedMean[] {
  const values = new Map<string, number[]>();
  for (const { variant, method, dataset, numbers } of cells) {
    for (const [metric, value] of numbers) {
      if (value === null) continue;
      const key = JSON.stringify([metric, variant, method, dataset]);
      const own = values.get(key);
      if (own) own.push(value);
      else values.set(key, [value]);
    }
  }
  return [...values].map(([key, own]) => {
    const [metric, variant, method, dataset] = JSON.parse(key) as [string, string, string, string];
    return {
      ...{ metric, variant, method, dataset },
      mean: mean(own) as number,
      deviation: sampleStandardDeviation(own),
      seeds: own.length,
    };
  });
}

export type Lookup = (key: ScoreKey) => SeedMean | undefined;

export function lookup(means: readonly SeedMean[]): Lookup {
  const id = ({ metric, variant, method, dataset }: ScoreKey): string =>
    JSON.stringify([metric, variant, method, dataset]);
  const byKey = new Map(means.map((own) => [id(own), own]));
  return (key) => byKey.get(id(key));
}
