import { mean } from '@icl-gd/metrics';
import { readPublishedCells, readPublishedDatasets } from './published/read-published.ts';
import { orderDatasets } from '../tasks/tasks.ts';
import type { Field, Table } from './csv.ts';
import type { DatasetSize } from './measured.ts';
import { type SeedMean, lookup } from './seed-means.ts';

function pairs(datasets: readonly string[], find: (dataset: string) => SeedMean | undefined): Field[] {
  return datasets.flatMap((dataset) => {
    const cell = find(dataset);
    return [cell?.mean ?? null, cell?.deviation ?? null];
  });
}

function pairColumns(datasets: readonly string[]): string[] {
  return datasets.flatMap((dataset) => [dataset, `${dataset}_std`]);
}

/** Metrics and datasets of one of the paper's tables, as published, each in order of appearance. */
function layoutOf(table: 1 | 2): { metrics: string[]; datasets: string[] } {
  const cells = readPublishedCells().filter((cell) => cell.table === table);
  return {
    metrics: [...new Set(cells.map(({ metric }) => metric))],
    datasets: [...new Set(cells.map(({ dataset }) => dataset))],
  };
}

/** Table 1: GD on trained and re-initialised variants. */
export function table1(means: readonly SeedMean[], variants: readonly string[]): Table {
  const find = lookup(means);
  const { metrics, datasets } = layoutOf(1);
  const rows = metrics.flatMap((metric) =>
    variants.map((variant): Field[] => [
      metric,
      variant,
      ...pairs(datasets, (dataset) => find({ metric, variant, method: 'GD', dataset })),
    ]),
  );
  return { columns: ['metric', 'model_variant', ...pairColumns(datasets)], rows };
}

/** Table 2: the methods on the trained model; the average is over all six datasets, empty if one is missing. */
export function table2(means: readonly SeedMean[], methods: readonly string[]): Table {
  const find = lookup(means);
  const { metrics, datasets } = layoutOf(2);
  const rows = metrics.flatMap((metric) =>
    methods.map((method): Field[] => {
      const own = datasets.map((dataset) => find({ metric, variant: 'trained', method, dataset }));
      const defined = own.flatMap((cell) => cell?.mean ?? []);
      return [
        metric,
        method,
        ...pairs(datasets, (dataset) => own[datasets.indexOf(dataset)]),
        defined.length === datasets.length ? mean(defined) : null,
      ];
    }),
  );
  return { columns: ['metric', 'method', ...pairColumns(datasets), 'average'], rows };
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
  means: readonly SeedMean[],
  statistics: ReadonlyMap<string, DatasetSize>,
): Table {
  const find = lookup(means);
  const rows = readPublishedCells().map((published): Field[] => {
    const { table, metric, variant, method, dataset } = published;
    const measured = find({ metric, variant, method, dataset });
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
