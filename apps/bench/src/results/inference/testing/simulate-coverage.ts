import { Pcg64 } from '@icl-gd/transformer';
import { type IntervalBasis, estimate } from '../estimate.ts';

/** Standard deviations of what a score is made of: score = seed + example + residual, all normal around a true mean. */
export interface Effects {
  readonly name: string;
  readonly seed: number;
  readonly example: number;
  readonly residual: number;
}

export interface CoverageSettings {
  readonly seeds: number;
  readonly examples: number;
  readonly effects: Effects;
  readonly replications: number;
  readonly resamples: number;
}

/** How often a 95 % interval held the true mean, by interval; `printed` is the one that stands in tables. */
export type Coverage = Readonly<Record<'printed' | Exclude<IntervalBasis, 'examples'>, number>>;

/** Seeds and examples are drawn anew each time: crossed, every seed having the same examples. The same settings, the same numbers. */
export function simulateCoverage({
  seeds,
  examples,
  effects,
  replications,
  resamples,
}: CoverageSettings): Coverage {
  const random = new Pcg64(1);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.random())) * Math.cos(2 * Math.PI * random.random());
  const covered = { printed: 0, seeds: 0, bootstrap: 0 };
  for (let replication = 0; replication < replications; replication++) {
    const own = Array.from({ length: examples }, () => effects.example * normal());
    const scores = Array.from({ length: seeds }, () => {
      const seed = effects.seed * normal();
      return own.map((example) => seed + example + effects.residual * normal());
    });
    const { interval, parts } = estimate(scores, resamples);
    const holds = (some: typeof interval): number => (some && some.lower <= 0 && some.upper >= 0 ? 1 : 0);
    covered.printed += holds(interval);
    for (const part of parts) if (part.basis !== 'examples') covered[part.basis] += holds(part.interval);
  }
  return {
    printed: covered.printed / replications,
    seeds: covered.seeds / replications,
    bootstrap: covered.bootstrap / replications,
  };
}

/** As shares of the variance of a mean, for a hundred examples: seeds 0, a hundredth, as much as the examples, nearly all. */
export const EFFECTS: readonly Effects[] = [
  { name: 'no seed effect, examples and residual', seed: 0, example: 1, residual: 1 },
  { name: 'no seed effect, residual alone', seed: 0, example: 0, residual: 1 },
  { name: 'no seed effect, examples alone', seed: 0, example: 1, residual: 0.1 },
  { name: 'small seed effect', seed: 0.1, example: 1, residual: 1 },
  { name: 'seed effect as large as that of the examples', seed: 0.17, example: 1, residual: 0.3 },
  { name: 'large seed effect', seed: 1, example: 1, residual: 1 },
];
