import { type CrossedScores, type Interval, crossedBootstrapInterval, crossedMean } from '@icl-gd/metrics';
import { Pcg64 } from '@icl-gd/transformer';
import { groupBy } from '../../experiment/group-by.ts';
import type { MeasuredCell } from '../measured.ts';
import type { ScoreKey } from '../seed-means.ts';

/** A mean with its 95 % interval over seeds and examples; nulls where too little was measured. */
export interface Estimate {
  readonly value: number | null;
  readonly interval: Interval | null;
  readonly seeds: number;
}

/** Score by example, by seed and permutation. */
type BySeed = ReadonlyMap<string, ReadonlyMap<number, number>>;

const RESAMPLES = 1000;
const LEVEL = 0.95;
/** The same scores give the same interval, in whatever order they are asked for. */
const BOOTSTRAP_SEED = 0;

/** Estimates from the scores of single examples. */
export class ExampleScores {
  readonly #cells: ReadonlyMap<string, readonly MeasuredCell[]>;
  /** Datasets in order of appearance. */
  readonly datasets: readonly string[];

  constructor(cells: readonly MeasuredCell[]) {
    this.#cells = groupBy(cells, ({ variant, method, dataset }) =>
      JSON.stringify([variant, method, dataset]),
    );
    this.datasets = [...new Set(cells.map(({ dataset }) => dataset))];
  }

  /** Mean of a metric. */
  estimate(key: ScoreKey): Estimate {
    return estimate(crossed([this.#bySeed(key)], ([score]) => score as number));
  }

  /** Mean of a − b over the seeds and examples that both have, paired example by example. */
  difference(a: ScoreKey, b: ScoreKey): Estimate {
    return estimate(crossed([this.#bySeed(a), this.#bySeed(b)], ([x, y]) => (x as number) - (y as number)));
  }

  #bySeed({ metric, variant, method, dataset }: ScoreKey): BySeed {
    const scores = new Map<string, Map<number, number>>();
    for (const cell of this.#cells.get(JSON.stringify([variant, method, dataset])) ?? []) {
      const examples = cell.scores.get(metric)?.examples ?? [];
      const own = new Map<number, number>();
      for (const [i, row] of cell.exampleRows.entries()) {
        const score = examples[i] ?? Number.NaN;
        if (!Number.isNaN(score)) own.set(row, score);
      }
      if (own.size > 0) scores.set(`${cell.seed}/${cell.permutation}`, own);
    }
    return scores;
  }
}

/** Mean and interval of scores by seed and unit (an example, a training step). */
export function estimate(scores: CrossedScores): Estimate {
  const random = new Pcg64(BOOTSTRAP_SEED);
  return {
    value: crossedMean(scores),
    interval: crossedBootstrapInterval(scores, {
      resamples: RESAMPLES,
      level: LEVEL,
      random: () => random.random(),
    }),
    seeds: scores.filter((row) => row.some((score) => score !== null)).length,
  };
}

/** [seed][example] over the seeds that all sides have; null where one of them lacks the example. */
function crossed(sides: readonly BySeed[], combine: (scores: readonly number[]) => number): CrossedScores {
  const [first = new Map()] = sides;
  const seeds = [...first.keys()].filter((seed) => sides.every((side) => side.has(seed)));
  const examples = new Set(seeds.flatMap((seed) => [...(first.get(seed)?.keys() ?? [])]));
  return seeds.map((seed) =>
    [...examples].map((example) => {
      const scores = sides.flatMap((side) => side.get(seed)?.get(example) ?? []);
      return scores.length === sides.length ? combine(scores) : null;
    }),
  );
}
