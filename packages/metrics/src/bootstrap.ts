import { layerMean } from './layer-scores.ts';
import type { ExampleScore } from './layer-scores.ts';
import { quantileOfSorted } from './samples.ts';
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
  { resamples, level, random }: BootstrapOptions,
): Interval | null {
  requireSize('resamples', resamples);
  if (!(level > 0 && level < 1)) throw new RangeError(`level is ${level}; it must lie between 0 and 1`);
  const layers = perExample.map((scores, layer) => {
    requireSameLength('perExample[0]', perExample[0]!, `perExample[${layer}]`, scores);
    requireFinite(
      `sums of perExample[${layer}]`,
      scores.map((score) => score.sum),
    );
    requireFinite(
      `counts of perExample[${layer}]`,
      scores.map((score) => score.count),
    );
    return scores;
  });
  const examples = [...(layers[0]?.keys() ?? [])].filter((e) =>
    layers.some((scores) => scores[e]!.count > 0),
  );
  if (examples.length < 2) return null;

  const sums = layers.map((scores) => Float64Array.from(scores, ({ sum }) => sum));
  const counts = layers.map((scores) => Float64Array.from(scores, ({ count }) => count));
  // Plain loops: they run once for every resample, layer and example.
  const drawn = new Uint32Array(examples.length);
  const draw = (): void => {
    for (let i = 0; i < drawn.length; i++) {
      const example = examples[Math.floor(random() * examples.length)];
      if (example === undefined) throw new RangeError('random() returned a number outside [0, 1)');
      drawn[i] = example;
    }
  };
  const means = new Float64Array(resamples);
  let defined = 0;
  for (let resample = 0; resample < resamples; resample++) {
    draw();
    const value = layerMean(sums.map((own, layer) => pooledMeanOf(own, counts[layer]!, drawn)));
    if (value !== null) means[defined++] = value;
  }
  const sorted = means.subarray(0, defined).sort();
  return {
    lower: quantileOfSorted(sorted, (1 - level) / 2),
    upper: quantileOfSorted(sorted, (1 + level) / 2),
  };
}

/** As `pooledMean` of the drawn examples. */
function pooledMeanOf(sums: Float64Array, counts: Float64Array, drawn: Uint32Array): number | null {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < drawn.length; i++) {
    const e = drawn[i]!;
    sum += sums[e]!;
    count += counts[e]!;
  }
  return count === 0 ? null : sum / count;
}
