import { mean, sampleStandardDeviation } from '@icl-gd/metrics';
import { readPublishedCells, readPublishedDatasets } from './published/read-published.ts';

import { orderDatasets } from '../tasks/tasks.ts';
import type { Field, Table } from './csv.ts';

/** Mean and sample standard deviation over seeds of a layer-averaged score. */
export interface MeasuredCell {
  readonly metric: string;
  readonly variant: string;
  /** GD, LCGD, or `-` for metrics that belong to neither. */
  readonly method: string;
  readonly dataset: string;
  readonly mean: number;
  /** Null with fewer than two seeds. */
  readonly deviation: number | null;
  readonly seeds: number;
}

/** Columns of Table 1; the paper leaves AG News out of it. */
const TABLE_1_DATASETS = ['sst2', 'sst5', 'mr', 'subj', 'cb'];
const TABLE_1_METRICS = ['simaou', 'simam_delta'];
const TABLE_2_DATASETS = ['sst2', 'sst5', 'mr', 'subj', 'agnews', 'cb'];
const TABLE_2_METRICS = ['simaou_norm', 'simaou', 'simam', 'simam_delta'];
const METRICS: readonly string[] = [
  ...TABLE_2_METRICS,
  'simam_zsl',
  'simaou_random',
  'alpha',
  'accuracy_zsl',
  'accuracy_icl',
  'accuracy_ft',
];

/**
 * Every cell of a run, from the rows of summary.csv.
 * @param rows fields by column name, as read back from the file or just made
 */
export function measureCells(rows: readonly Readonly<Record<string, string>>[]): MeasuredCell[] {
  const values = new Map<string, number[]>();
  for (const { metric = '', variant = '', method = '', dataset = '', value = '' } of rows) {
    if (!METRICS.includes(metric) || value === '') continue;
    const key = JSON.stringify([metric, variant, method, dataset]);
    values.set(key, [...(values.get(key) ?? []), Number(value)]);
  }
  return [...values].map(([key, own]) => {
    const [metric, variant, method, dataset] = JSON.parse(key) as [string, string, string, string];
    return {
      metric,
      variant,
      method,
      dataset,
      mean: mean(own) as number,
      deviation: sampleStandardDeviation(own),
      seeds: own.length,
    };
  });
}

/** Sizes of a dataset as a run read it. */
export interface DatasetSize {
  readonly train: number;
  readonly validation: number;
  readonly averageTokens: number;
}

type Lookup = (metric: string, variant: string, method: string, dataset: string) => MeasuredCell | undefined;

export function lookup(cells: readonly MeasuredCell[]): Lookup {
  return (metric, variant, method, dataset) =>
    cells.find(
      (cell) =>
        cell.metric === metric &&
        cell.variant === variant &&
        cell.method === method &&
        cell.dataset === dataset,
    );
}

function pairs(datasets: readonly string[], find: (dataset: string) => MeasuredCell | undefined): Field[] {
  return datasets.flatMap((dataset) => {
    const cell = find(dataset);
    return [cell?.mean ?? null, cell?.deviation ?? null];
  });
}

function pairColumns(datasets: readonly string[]): string[] {
  return datasets.flatMap((dataset) => [dataset, `${dataset}_std`]);
}

/** Table 1: GD on trained and re-initialised variants. */
export function table1(cells: readonly MeasuredCell[], variants: readonly string[]): Table {
  const find = lookup(cells);
  const rows = TABLE_1_METRICS.flatMap((metric) =>
    variants.map((variant): Field[] => [
      metric,
      variant,
      ...pairs(TABLE_1_DATASETS, (dataset) => find(metric, variant, 'GD', dataset)),
    ]),
  );
  return { columns: ['metric', 'model_variant', ...pairColumns(TABLE_1_DATASETS)], rows };
}

/** Table 2: GD against LCGD on the trained model; the average is over all six datasets, empty if one is missing. */
export function table2(cells: readonly MeasuredCell[], methods: readonly string[]): Table {
  const find = lookup(cells);
  const rows = TABLE_2_METRICS.flatMap((metric) =>
    methods.map((method): Field[] => {
      const means = TABLE_2_DATASETS.flatMap(
        (dataset) => find(metric, 'trained', method, dataset)?.mean ?? [],
      );
      return [
        metric,
        method,
        ...pairs(TABLE_2_DATASETS, (dataset) => find(metric, 'trained', method, dataset)),
        means.length === TABLE_2_DATASETS.length ? mean(means) : null,
      ];
    }),
  );
  return { columns: ['metric', 'method', ...pairColumns(TABLE_2_DATASETS), 'average'], rows };
}

/** Table 3: sizes of the datasets as this run read them. */
export function table3(statistics: ReadonlyMap<string, DatasetSize>): Table {
  const rows = orderDatasets(statistics.keys()).flatMap((id): Field[][] => {
    const own = statistics.get(id);
    return own ? [[id, own.train, own.validation, own.averageTokens]] : [];
  });
  return { columns: ['dataset', 'train', 'validation', 'average_tokens'], rows };
}

/** comparison.csv: every published figure beside the measured one. */
export function comparisonTable(
  cells: readonly MeasuredCell[],
  statistics: ReadonlyMap<string, DatasetSize>,
): Table {
  const find = lookup(cells);
  const rows = readPublishedCells().map((published): Field[] => {
    const { table, metric, variant, method, dataset } = published;
    const measured = find(metric, variant, method, dataset);
    return [
      ...[table, metric, variant, method, dataset, published.mean, published.deviation],
      ...(measured
        ? [measured.mean, measured.deviation, measured.mean - published.mean, measured.seeds]
        : [null, null, null, 0]),
    ];
  });
  for (const { dataset, ...published } of readPublishedDatasets()) {
    const own = statistics.get(dataset);
    const measured = own && {
      train: own.train,
      validation: own.validation,
      average_tokens: own.averageTokens,
    };
    for (const metric of ['train', 'validation', 'average_tokens'] as const) {
      const value = measured?.[metric] ?? null;
      rows.push([
        3,
        metric,
        '-',
        '-',
        dataset,
        published[metric],
        null,
        value,
        null,
        value === null ? null : value - published[metric],
        null,
      ]);
    }
  }
  return {
    columns: [
      'table',
      'metric',
      'variant',
      'method',
      'dataset',
      'published',
      'published_std',
      'measured',
      'measured_std',
      'difference',
      'seeds',
    ],
    rows,
  };
}
