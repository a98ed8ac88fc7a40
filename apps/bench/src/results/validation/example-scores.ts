import type { CrossedScores } from '@icl-gd/metrics';
import { groupBy } from '../../experiment/group-by.ts';
import { type Estimate, estimate } from '../inference/estimate.ts';
import type { MeasuredCell } from '../measured.ts';
import type { ScoreKey } from '../seed-means.ts';

/** Score by example, by seed and permutation. */
type BySeed = ReadonlyMap<string, ReadonlyMap<number, number>>;

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

  /** Mean of a weighted sum of scores, over the seeds and examples that all of them have. */
  combination(terms: readonly (readonly [weight: number, key: ScoreKey])[]): Estimate {
    return estimate(
      crossed(
        terms.map(([, key]) => this.#bySeed(key)),
        (scores) => scores.reduce((sum, score, i) => sum + (terms[i]?.[0] as number) * score, 0),
      ),
    );
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
