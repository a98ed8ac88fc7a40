import { mean } from './statistics.ts';

/** The defined cosines of one example in one layer (one per example for SimAOU, one per head for SimAM and α). */
export interface ExampleScore {
  readonly sum: number;
  readonly count: number;
}

/** A metric over a set of examples, layer by layer. */
export interface LayerScores {
  /** Per layer: the mean over all defined cosines of all examples [and heads]; null if none is defined. */
  readonly values: readonly (number | null)[];
  /** Per layer: how many cosines are undefined (update vectors that are only rounding, or zero vectors). */
  readonly undefinedCounts: readonly number[];
  /**
   * Per layer: how many cosines there are, undefined ones included. Absent where these are the counts of `perExample` and
   * `undefinedCounts` together; see {@link totalCounts}.
   */
  readonly totalCounts?: readonly number[];
  /** [layer][example]: what `values` is pooled from; input of the bootstrap. */
  readonly perExample: readonly (readonly ExampleScore[])[];
}

/** Per layer: how many cosines (of examples, or of examples × heads) there are, whether defined or not. */
export function totalCounts(scores: LayerScores): number[] {
  return scores.values.map(
    (_, layer) =>
      scores.totalCounts?.[layer] ??
      (scores.perExample[layer] ?? []).reduce((total, { count }) => total + count, 0) +
        (scores.undefinedCounts[layer] ?? 0),
  );
}

/**
 * Which share of a number of cosines is defined.
 * @returns null of none at all
 */
export function definedShare(undefinedCount: number, totalCount: number): number | null {
  return totalCount === 0 ? null : (totalCount - undefinedCount) / totalCount;
}

/** Mean over all defined cosines of all examples; null if none is defined. */
function pooledMean(perExample: readonly ExampleScore[]): number | null {
  let sum = 0;
  let count = 0;
  for (const score of perExample) {
    sum += score.sum;
    count += score.count;
  }
  return count === 0 ? null : sum / count;
}

/**
 * Mean over the layers that have a defined value, as the tables of the paper report it.
 * @param values one value per layer, null where a layer has none
 * @returns null if no layer has a value
 */
export function layerMean(values: readonly (number | null)[]): number | null {
  return mean(values.filter((value) => value !== null));
}

/**
 * A metric that is a mean over examples: runs `cosines` example by example and, within an example, layer by layer, the order
 * random draws rely on.
 * @param cosines of one example in one layer the values that are averaged (one, or one a head); null is left out and counted
 */
export function scoreLayers(
  layers: number,
  examples: number,
  cosines: (example: number, layer: number) => readonly (number | null)[],
): LayerScores {
  const perExample: ExampleScore[][] = Array.from({ length: layers }, () => []);
  const undefinedCounts = Array.from({ length: layers }, () => 0);
  for (let example = 0; example < examples; example++) {
    for (let layer = 0; layer < layers; layer++) {
      const all = cosines(example, layer);
      const defined = all.filter((value) => value !== null);
      perExample[layer]!.push({ sum: defined.reduce((a, b) => a + b, 0), count: defined.length });
      undefinedCounts[layer]! += all.length - defined.length;
    }
  }
  return { values: perExample.map(pooledMean), undefinedCounts, perExample };
}

/**
 * A metric that is a number of all examples together (an index of alignment, say): without values of examples, and so without
 * a confidence interval over them.
 * @param values one a layer, null where it is undefined
 * @param examples how many there are
 */
export function unpooledScores(values: readonly (number | null)[], examples: number): LayerScores {
  return {
    values,
    undefinedCounts: values.map((value) => (value === null ? 1 : 0)),
    perExample: values.map(() => Array.from({ length: examples }, () => ({ sum: 0, count: 0 }))),
  };
}

/**
 * One value an example: the mean over layers of its own mean cosine; null where it has none defined in any layer.
 * Their mean is the layer mean of `values`, unless examples differ in how many of their cosines are undefined.
 */
export function exampleMeans({ perExample }: LayerScores): (number | null)[] {
  return (perExample[0] ?? []).map((_, example) =>
    layerMean(perExample.map((scores) => pooledMean([scores[example]!]))),
  );
}
