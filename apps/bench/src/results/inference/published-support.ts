import { mean } from '@icl-gd/metrics';
import {
  readPublishedCells,
  readPublishedHyperparameters,
  readPublishedLayers,
} from '../published/read-published.ts';
import { type AcrossDatasets, acrossDatasets } from './across-datasets.ts';
import { spearmanCorrelation } from './spearman.ts';

/** LCGD − GD in the authors' own per-layer results, with their six datasets as units. */
export interface PublishedLead {
  /** `simaou_norm` or `simam_delta`. */
  readonly metric: string;
  readonly across: AcrossDatasets;
}

/** Means over the datasets and a range of layers. */
export interface PublishedLayerRange {
  readonly metric: string;
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
  readonly gd: number;
  readonly lcgd: number;
}

/** Whether a score goes with the learning rate that a dataset was given. */
export interface PublishedRateCorrelation {
  readonly metric: string;
  readonly method: string;
  /** `layerwise`: from the per-layer results; `table 2`: from the means as printed. */
  readonly source: 'layerwise' | 'table 2';
  /** Spearman's, over the datasets. */
  readonly spearman: number;
}

/** What the published figures say of the paper's conclusion, without any run. */
export interface PublishedSupport {
  readonly leads: readonly PublishedLead[];
  readonly layers: readonly PublishedLayerRange[];
  readonly rates: readonly PublishedRateCorrelation[];
}

const METRICS = ['simaou_norm', 'simam_delta'] as const;
/** Of 24: where LCGD's gain in SimAM_Δ is, and where GD is ahead. */
const RANGES = [
  [0, 7],
  [8, 23],
] as const;

type Layers = ReturnType<typeof readPublishedLayers>;

/** Recomputed from the authors' per-layer results (three seeds, all weighted alike) and Table 2. */
export function publishedSupport(): PublishedSupport {
  const rows = readPublishedLayers();
  const datasets = [...new Set(rows.map(({ dataset }) => dataset))];
  const score = (
    metric: (typeof METRICS)[number],
    method: string,
    dataset: string,
    layers: Layers = rows,
  ): number =>
    mean(
      layers.flatMap((row) => (row.method === method && row.dataset === dataset ? [row[metric]] : [])),
    ) as number;
  return {
    leads: METRICS.map((metric) => ({
      metric,
      across: acrossDatasets(
        datasets.map((dataset) => score(metric, 'LCGD', dataset) - score(metric, 'GD', dataset)),
      ) as AcrossDatasets,
    })),
    layers: METRICS.flatMap((metric) =>
      RANGES.map(([first, last]) => {
        const own = rows.filter(({ layer }) => layer >= first && layer <= last);
        const of = (method: string): number =>
          mean(datasets.map((dataset) => score(metric, method, dataset, own))) as number;
        return { metric, first, last, gd: of('GD'), lcgd: of('LCGD') };
      }),
    ),
    rates: rateCorrelations((method, dataset) => score('simaou_norm', method, dataset)),
  };
}

function rateCorrelations(
  layerwise: (method: string, dataset: string) => number,
): PublishedRateCorrelation[] {
  const parameters = readPublishedHyperparameters();
  const cells = readPublishedCells();
  const printed = (method: string, dataset: string): number =>
    cells.find(
      (cell) =>
        cell.table === 2 && cell.metric === 'simaou' && cell.method === method && cell.dataset === dataset,
    )?.mean as number;
  const correlate = (scores: (dataset: string) => number): number =>
    spearmanCorrelation(
      parameters.map((own) => own.learning_rate),
      parameters.map(({ dataset }) => scores(dataset)),
    ) as number;
  return ['GD', 'LCGD'].flatMap((method): PublishedRateCorrelation[] => [
    {
      ...{ metric: 'simaou', method, source: 'table 2' },
      spearman: correlate((dataset) => printed(method, dataset)),
    },
    {
      ...{ metric: 'simaou_norm', method, source: 'layerwise' },
      spearman: correlate((dataset) => layerwise(method, dataset)),
    },
  ]);
}
