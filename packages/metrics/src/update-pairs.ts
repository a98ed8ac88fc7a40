import type { ExampleScore, LayerScores } from './layer-scores.ts';
import { type NumericArray, type Span, lengthOf } from './vectors.ts';

/** A vector under three settings: part of a tensor of each. */
export interface Triple {
  readonly icl: NumericArray;
  readonly zsl: NumericArray;
  readonly other: NumericArray;
}

/** Inner products of the updates a = v_ICL − v_ZSL and b = v_X − v_ZSL of one vector. */
export interface UpdateProducts {
  readonly ab: number;
  readonly aa: number;
  readonly bb: number;
  /** ‖v_ZSL‖². */
  readonly zeroShot: number;
}

/** In one pass over the numbers, in float64. */
export function updateProducts({ icl, zsl, other }: Triple, { start, width }: Span): UpdateProducts {
  let [ab, aa, bb, zeroShot] = [0, 0, 0, 0];
  for (let i = start; i < start + width; i++) {
    const from = zsl[i]!;
    const a = icl[i]! - from;
    const b = other[i]! - from;
    ab += a * b;
    aa += a * a;
    bb += b * b;
    zeroShot += from * from;
  }
  return { ab, aa, bb, zeroShot };
}

/**
 * Whether both updates are longer than `rounding` of the zero-shot vector.
 * @throws RangeError if a square overflows float64
 */
export function areDefined({ aa, bb, zeroShot }: UpdateProducts, rounding: number): boolean {
  const least = rounding * lengthOf(zeroShot);
  return lengthOf(aa) > least && lengthOf(bb) > least;
}

/** Their cosine; null where one is no longer than `rounding` of the zero-shot vector. @throws as {@link areDefined} */
export function definedCosine(products: UpdateProducts, rounding: number): number | null {
  if (!areDefined(products, rounding)) return null;
  return clamped(products.ab / Math.sqrt(products.aa) / Math.sqrt(products.bb));
}

/** What a metric that sees all examples of a layer together gives for it. */
export interface TogetherScores {
  readonly value: number | null;
  readonly undefinedCount: number;
  readonly totalCount: number;
  readonly perExample: readonly ExampleScore[];
}

/** Scores of layers, each of which is a number of all examples together. */
export function scoreTogether(layers: number, scoreLayer: (layer: number) => TogetherScores): LayerScores {
  const scores = Array.from({ length: layers }, (_, layer) => scoreLayer(layer));
  return {
    values: scores.map(({ value }) => value),
    undefinedCounts: scores.map(({ undefinedCount }) => undefinedCount),
    totalCounts: scores.map(({ totalCount }) => totalCount),
    perExample: scores.map(({ perExample }) => perExample),
  };
}

/** A cosine that rounding has put a little beyond 1 is 1. */
export function clamped(cosine: number): number {
  return Math.max(-1, Math.min(1, cosine));
}
