import type { ExampleScore } from './layer-scores.ts';
import { meanOf, quantileOfSorted } from './samples.ts';
import { requireFinite, requireSameLength, requireSize } from './validation.ts';

/** How an interval is drawn. */
export interface BootstrapOptions {
  /** Number of resamples. */
  readonly resamples: number;
  /** Confidence level, between 0 and 1, e.g. 0.95. */
  readonly level: number;
  /** Uniform numbers in [0, 1); seeded by the caller, which makes the interval repeatable. */
  readonly random: () => number;
}

/** A confidence interval, in the unit of what it is of. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Percentile bootstrap interval, over examples, of one layer's pooled mean (Σ sum / Σ count). Examples are drawn whole,
 * since the heads of one example are not independent.
 * @param perExample one layer of `LayerScores.perExample`
 * @returns null if fewer than two examples have a defined cosine (such examples are left out before drawing)
 * @throws RangeError if a score is not finite or an option is out of range
 */
export function bootstrapInterval(
  perExample: readonly ExampleScore[],
  options: BootstrapOptions,
): Interval | null {
  return bootstrapLayerMeanInterval([perExample], options);
}

/**
 * Percentile bootstrap interval, over examples, of the mean over layers: every resample draws the same examples in all
 * layers. Otherwise as {@link bootstrapInterval}.
 * @param perExample `LayerScores.perExample`, [layer][example]
 */
export function bootstrapLayerMeanInterval(
  perExample: readonly (readonly ExampleScore[])[],
  { random, ...options }: BootstrapOptions,
): Interval | null {
  return bootstrapLayerMeanIntervals([perExample], { ...options, begin: () => random })[0] ?? null;
}

/** How the intervals of several metrics are drawn. */
export interface SharedBootstrapOptions extends Omit<BootstrapOptions, 'random'> {
  /** Gives the same uniform numbers from their first on, whenever it is called. */
  readonly begin: () => BootstrapOptions['random'];
}

/**
 * {@link bootstrapLayerMeanInterval} of several metrics, each from the first of the numbers: those of the same examples share what
 * is drawn.
 * @param metrics `LayerScores.perExample` of each
 * @returns one a metric, in their order
 */
export function bootstrapLayerMeanIntervals(
  metrics: readonly (readonly (readonly ExampleScore[])[])[],
  { resamples, level, begin }: SharedBootstrapOptions,
): (Interval | null)[] {
  requireSize('resamples', resamples);
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}; it must lie between 0 and 1`);
  const resampled = metrics.map((perExample) => new ResampledMean(perExample, resamples));
  const groups = new Map<string, ResampledMean[]>();
  for (const own of resampled) {
    if (own.examples.length < 2) continue;
    const key = own.examples.join();
    groups.set(key, [...(groups.get(key) ?? []), own]);
  }
  for (const group of groups.values()) {
    const { examples } = group[0] as ResampledMean;
    const random = begin();
    const drawn = new Uint32Array(examples.length);
    for (let resample = 0; resample < resamples; resample++) {
      for (let i = 0; i < drawn.length; i++) {
        const example = examples[Math.floor(random() * examples.length)];
        if (example === undefined) throw new RangeError('random() returned a number outside [0, 1)');
        drawn[i] = example;
      }
      for (const own of group) own.take(drawn);
    }
  }
  return resampled.map((own) => own.interval(level));
}

/** A metric's mean over layers in every resample. Plain loops: they run for every resample, layer and example. */
class ResampledMean {
  /** Those that have a defined cosine in some layer. */
  readonly examples: readonly number[];
  readonly #layers: readonly LayerNumbers[];
  readonly #means: Float64Array;
  #defined = 0;

  constructor(perExample: readonly (readonly ExampleScore[])[], resamples: number) {
    const first = perExample[0] ?? [];
    this.#layers = perExample.map((scores, layer) => {
      requireSameLength('perExample[0]', first, `perExample[${layer}]`, scores);
      const sums = Float64Array.from(scores, ({ sum }) => sum);
      const counts = Float64Array.from(scores, ({ count }) => count);
      requireFinite(`sums of perExample[${layer}]`, sums);
      requireFinite(`counts of perExample[${layer}]`, counts);
      return { sums, counts, count: counts.every((own) => own === counts[0]) ? counts[0] : undefined };
    });
    this.examples = [...first.keys()].filter((e) => this.#layers.some(({ counts }) => counts[e]! > 0));
    this.#means = new Float64Array(resamples);
  }

  /** Of the drawn examples. */
  take(drawn: Uint32Array): void {
    const values: number[] = [];
    for (const { sums, counts, count: each } of this.#layers) {
      let sum = 0;
      for (let i = 0; i < drawn.length; i++) sum += sums[drawn[i]!]!;
      let count = 0;
      if (each !== undefined) count = drawn.length * each;
      else for (let i = 0; i < drawn.length; i++) count += counts[drawn[i]!]!;
      if (count !== 0) values.push(sum / count);
    }
    if (values.length === 0) return;
    const mean = meanOf(values);
    if (!Number.isFinite(mean)) requireFinite('values', values);
    this.#means[this.#defined++] = mean;
  }

  /** Of as many means as there are; null where nothing was drawn from. */
  interval(level: number): Interval | null {
    if (this.examples.length < 2) return null;
    const sorted = this.#means.subarray(0, this.#defined).sort();
    return {
      lower: quantileOfSorted(sorted, (1 - level) / 2),
      upper: quantileOfSorted(sorted, (1 + level) / 2),
    };
  }
}

/** Scores of one layer, by example. */
interface LayerNumbers {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  /** Where all have the same: integers, whose sum is exact. */
  readonly count: number | undefined;
}
