import { mean } from '@icl-gd/metrics';
import type { Table } from '../../csv.ts';
import { tTest } from '../../inference/t-interval.ts';
import type { MeasuredCell, MeasuredRun } from '../../measured.ts';
import { LADDER_METRICS, type LadderMetric, mainVariant } from './ladder.ts';

/** LCGD − GD in one layer on one dataset. */
export interface LayerContrast {
  readonly metric: LadderMetric;
  readonly dataset: string;
  /** From 0. */
  readonly layer: number;
  /** Means over seeds that have both; null where none does. */
  readonly gd: number | null;
  readonly lcgd: number | null;
  readonly difference: number | null;
  /** Student's t over seeds; null with fewer than two. */
  readonly lower: number | null;
  readonly upper: number | null;
  /** Of both learners the smaller, mean over seeds; null where the run does not say. */
  readonly definedShare: number | null;
  readonly seeds: number;
}

/** Of the learners under their default options and the run's own rates. */
export function layerContrasts({
  cells,
  variants,
}: Pick<MeasuredRun, 'cells' | 'variants'>): LayerContrast[] {
  const variant = mainVariant(variants);
  const own = cells.filter((cell) => cell.variant === variant);
  const datasets = [...new Set(own.map(({ dataset }) => dataset))];
  return LADDER_METRICS.flatMap(({ metric }) =>
    datasets.flatMap((dataset) => {
      const of = (method: string): MeasuredCell[] =>
        own.filter((cell) => cell.method === method && cell.dataset === dataset && cell.scores.has(metric));
      const pairs = of('LCGD').flatMap((lcgd): [MeasuredCell, MeasuredCell][] => {
        const gd = of('GD').find(
          ({ seed, permutation }) => seed === lcgd.seed && permutation === lcgd.permutation,
        );
        return gd ? [[lcgd, gd]] : [];
      });
      const layers = Math.max(0, ...pairs.flat().map(({ scores }) => scores.get(metric)!.layers.length));
      return Array.from({ length: layers }, (_, layer) => ({
        ...{ metric, dataset, layer },
        ...inLayer(pairs, metric, layer),
      }));
    }),
  );
}

function inLayer(
  pairs: readonly (readonly [lcgd: MeasuredCell, gd: MeasuredCell])[],
  metric: string,
  layer: number,
): Omit<LayerContrast, 'metric' | 'dataset' | 'layer'> {
  const both = pairs.flatMap((pair) => {
    const [lcgd, gd] = pair.map(({ scores }) => scores.get(metric)?.layers[layer] ?? null);
    return typeof lcgd === 'number' && typeof gd === 'number' ? [{ lcgd, gd }] : [];
  });
  const shares = pairs.flatMap((pair) => {
    const own = pair.flatMap(({ scores }) => scores.get(metric)?.definedShares?.[layer] ?? []);
    return own.length === pair.length ? [Math.min(...own)] : [];
  });
  const interval = tTest(both.map(({ lcgd, gd }) => lcgd - gd))?.interval;
  return {
    gd: mean(both.map(({ gd }) => gd)),
    lcgd: mean(both.map(({ lcgd }) => lcgd)),
    difference: mean(both.map(({ lcgd, gd }) => lcgd - gd)),
    ...{ lower: interval?.lower ?? null, upper: interval?.upper ?? null },
    definedShare: mean(shares),
    seeds: both.length,
  };
}

/** layer_contrasts.csv. */
export function layerTable(
  probes: readonly { readonly probe: string; readonly layers: readonly LayerContrast[] }[],
): Table {
  return {
    columns: [
      ...['probe', 'metric', 'dataset', 'layer', 'gd', 'lcgd', 'difference', 'lower_95', 'upper_95'],
      ...['defined_share', 'seeds'],
    ],
    rows: probes.flatMap(({ probe, layers }) =>
      layers.map((own) => [
        ...[probe, own.metric, own.dataset, own.layer, own.gd, own.lcgd, own.difference, own.lower],
        ...[own.upper, own.definedShare, own.seeds],
      ]),
    ),
  };
}
