import type { ExampleScore, LayerScores } from './layer-scores.ts';
import { type NumericArray, type Span, lengthOf, norm } from './vectors.ts';

/** What ICL and another setting change in the same vector of one example. */
export interface UpdatePair {
  /** v_ICL − v_ZSL. */
  readonly a: Float64Array;
  /** v_X − v_ZSL. */
  readonly b: Float64Array;
  /** ‖v_ZSL‖. */
  readonly zeroShotNorm: number;
}

/** x − y over a part of two tensors, in float64. */
export function difference(x: NumericArray, y: NumericArray, { start, width }: Span): Float64Array {
  const change = new Float64Array(width);
  for (let i = 0; i < width; i++) change[i] = x[start + i]! - y[start + i]!;
  return change;
}

/** l2 norm of a part of a tensor. */
export function spanNorm(x: NumericArray, { start, width }: Span): number {
  let total = 0;
  for (let i = start; i < start + width; i++) total += x[i]! * x[i]!;
  return lengthOf(total);
}

/** Both updates; null if one of them is no longer than `rounding` of the zero-shot vector. */
export function definedPair(pair: UpdatePair, rounding: number): UpdatePair | null {
  const least = rounding * pair.zeroShotNorm;
  return norm(pair.a) <= least || norm(pair.b) <= least ? null : pair;
}

/** Takes `mean` from every entry of `vector`, in place. */
export function subtract(vector: Float64Array, mean: Float64Array): void {
  for (let i = 0; i < vector.length; i++) vector[i]! -= mean[i]!;
}

/** Adds `vector`, times `factor`, to `total`, in place. */
export function addTo(total: Float64Array, vector: Float64Array, factor = 1): void {
  for (let i = 0; i < total.length; i++) total[i]! += factor * vector[i]!;
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
