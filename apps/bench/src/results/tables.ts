import { mean } from '@icl-gd/metrics';
import { readPublishedCells, readPublishedDatasets } from './published/read-published.ts';
import { orderDatasets, paperTasks } from '../tasks/tasks.ts';
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

/**
 * Metrics of one of the paper's tables, in its order, and its columns: the paper's datasets for that table where any of them
 * was run, else those of the run.
 */
function layoutOf(table: 1 | 2, run: readonly string[]): { metrics: string[]; datasets: readonly string[] } {
  const cells = readPublishedCells().filter((cell) => cell.table === table);
  const published = [...new Set(cells.map(({ dataset }) => dataset))];
  const ofPaper = run.length === 0 || run.some((dataset) => isOfPaper(dataset));
  return {
    metrics: [...new Set(cells.map(({ metric }) => metric))],
    datasets: ofPaper ? published : run,
  };
}

function isOfPaper(dataset: string): boolean {
  return paperTasks().some(({ id }) => id === dataset);
}

/** Table 1: GD on trained and re-initialised variants. */
export function table1(means: readonly SeedMean[], variants: readonly string[]): Table {
  const find = lookup(means);
  const { metrics, datasets } = layoutOf(1, datasetsOf(means));
  const rows = metrics.flatMap((metric) =>
    variants.map((variant): Field[] => [
      metric,
      variant,
      ...pairs(datasets, (dataset) => find({ metric, variant, method: 'GD', dataset })),
    ]),
  );
  return { columns: ['metric', 'model_variant', ...pairColumns(datasets)], rows };
}

/** Table 2: the methods on the trained model; the average is over all datasets of the table, empty if one is missing. */
export function table2(means: readonly SeedMean[], methods: readonly string[]): Table {
  const find = lookup(means);
  const { metrics, datasets } = layoutOf(2, datasetsOf(means));
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

function datasetsOf(means: readonly SeedMean[]): string[] {
  return orderDatasets(means.map(({ dataset }) => dataset));
}

/** Table 3: sizes of the datasets as this run read them. */
export function table3(statistics: ReadonlyMap<string, DatasetSize>): Table {
  const rows = orderDatasets(statistics.keys()).flatMap((id): Field[][] => {
    const own = statistics.get(id);
    return own ? [[id, own.train, own.validation, own.averageTokens]] : [];
  });
  return { columns: ['dataset', 'train', 'validation', 'average_tokens'], rows };
}

/**
 * comparison.csv: every published figure beside the measured one.
 * @param shown of which datasets there are figures: see {@link publishedShown}
 */
export function comparisonTable(
  means: readonly SeedMean[],
  statistics: ReadonlyMap<string, DatasetSize>,
  shown: (dataset: string) => boolean,
): Table {
  const find = lookup(means);
  const cells = readPublishedCells().filter(({ dataset }) => shown(dataset));
  const rows = cells.map((published): Field[] => {
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
    if (!shown(dataset)) continue;
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
