import { mean, pearsonCorrelation } from '@icl-gd/metrics';
import type { Table } from '../csv.ts';
import type { ScoreKey } from '../seed-means.ts';
import { type Curve, findCurve } from './curves.ts';

/** A published curve over the layers beside the measured one. */
export interface ComparedCurve extends ScoreKey {
  readonly publishedLayers: number;
  /** 0 if not measured. */
  readonly measuredLayers: number;
  readonly seeds: number;
  /** Layers that have a value in both. */
  readonly comparedLayers: number;
  /** Pearson's, over the compared layers. */
  readonly correlation: number | null;
  readonly meanAbsoluteDifference: number | null;
  /** Why there is no correlation, or empty. */
  readonly note: string;
}

/** Layers are compared one to one; where the models have different numbers of layers nothing is. */
export function compareCurves(published: readonly Curve[], measured: readonly Curve[]): ComparedCurve[] {
  return published.map(({ metric, variant, method, dataset, means }) => {
    const key = { metric, variant, method, dataset };
    const own = findCurve(measured, key);
    const sizes = {
      publishedLayers: means.length,
      measuredLayers: own?.means.length ?? 0,
      seeds: own?.seeds ?? 0,
    };
    const nothing = { comparedLayers: 0, correlation: null, meanAbsoluteDifference: null };
    if (!own) return { ...key, ...sizes, ...nothing, note: 'not measured' };
    if (own.means.length !== means.length)
      return {
        ...{ ...key, ...sizes, ...nothing },
        note: `${own.means.length} layers here, ${means.length} in the paper's model: not comparable layer by layer`,
      };
    const pairs = means.flatMap((value, layer): [number, number][] => {
      const other = own.means[layer];
      return value === null || other === null || other === undefined ? [] : [[value, other]];
    });
    const correlation = pearsonCorrelation(
      pairs.map(([value]) => value),
      pairs.map(([, other]) => other),
    );
    return {
      ...{ ...key, ...sizes, comparedLayers: pairs.length, correlation },
      meanAbsoluteDifference: mean(pairs.map(([value, other]) => Math.abs(value - other))),
      note: correlation === null ? 'undefined in all layers but one, or constant' : '',
    };
  });
}

/** validation_layers.csv. */
export function curveTable(curves: readonly ComparedCurve[]): Table {
  return {
    columns: [
      ...['variant', 'dataset', 'method', 'metric', 'published_layers', 'measured_layers', 'compared_layers'],
      ...['correlation', 'mean_absolute_difference', 'seeds', 'note'],
    ],
    rows: curves.map((curve) => [
      ...[curve.variant, curve.dataset, curve.method, curve.metric, curve.publishedLayers],
      ...[curve.measuredLayers, curve.comparedLayers, curve.correlation, curve.meanAbsoluteDifference],
      ...[curve.seeds, curve.note],
    ]),
  };
}
