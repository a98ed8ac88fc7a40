import type { Interval } from '@icl-gd/metrics';
import { mean } from '@icl-gd/metrics';
import type { Table } from '../csv.ts';
import type { MeasuredRun } from '../measured.ts';
import { publishedShown } from '../shown.ts';
import {
  readPublishedAverages,
  readPublishedCells,
  readPublishedDatasets,
} from '../published/read-published.ts';
import type { Estimate, ExampleScores } from './example-scores.ts';
import { ROUNDING, type Verdict, judgeAgreement } from './verdict.ts';

/** A cell of the paper's tables beside what a run measured. */
export interface ComparedCell {
  readonly table: 1 | 2 | 3;
  readonly metric: string;
  readonly variant: string;
  readonly method: string;
  /** A dataset, or `average` for Table 2's last column. */
  readonly dataset: string;
  readonly published: number;
  /** Null where the paper prints none. */
  readonly deviation: number | null;
  /** Null if not measured. */
  readonly measured: number | null;
  /** 95 % bootstrap interval of `measured`; null for Table 3 and where too little was measured. */
  readonly interval: Interval | null;
  readonly seeds: number;
  readonly verdict: Verdict;
}

/**
 * Every cell of Tables 1 to 3, but those of a dataset that was run under the id of one of the paper's and is another; none if
 * nothing of the run is the paper's. A cell holds if published mean ± deviation and the measured
 * interval overlap.
 */
export function compareCells(run: MeasuredRun, examples: ExampleScores): ComparedCell[] {
  const shown = publishedShown(run);
  const published = readPublishedCells();
  const own = published.filter(({ dataset }) => shown(dataset));
  const cells = own.map(({ mean: figure, ...cell }): ComparedCell => {
    const { value: measured, interval, seeds } = examples.estimate(cell);
    return {
      ...{ ...cell, published: figure, measured, interval, seeds },
      verdict: judgeAgreement(interval, figure, cell.deviation),
    };
  });
  const whole = cells.length === published.length;
  return [...cells, ...(whole ? averages(cells) : []), ...sizes(run, shown)];
}

/** Table 2's averages over the six datasets; their intervals from those of the datasets, which are independent. */
function averages(cells: readonly ComparedCell[]): ComparedCell[] {
  return readPublishedAverages().map(({ metric, method, mean: published }) => {
    const own = cells.filter((cell) => cell.table === 2 && cell.metric === metric && cell.method === method);
    const { value, interval, seeds } = average(own);
    return {
      ...{ table: 2, metric, variant: 'trained', method, dataset: 'average', published, deviation: null },
      ...{ measured: value, interval, seeds, verdict: judgeAgreement(interval, published, 0) },
    };
  });
}

function average(cells: readonly ComparedCell[]): Estimate {
  const seeds = cells.reduce((least, cell) => Math.min(least, cell.seeds), Infinity);
  const values = cells.flatMap(({ measured }) => measured ?? []);
  const intervals = cells.flatMap(({ interval }) => interval ?? []);
  const value = values.length === cells.length ? mean(values) : null;
  if (value === null || intervals.length < cells.length) return { value, interval: null, seeds };
  const half =
    Math.hypot(...intervals.map(({ lower, upper }) => (upper - lower) / 2)) / Math.max(1, intervals.length);
  return { value, interval: { lower: value - half, upper: value + half }, seeds };
}

/** Table 3: numbers without chance, which are equal or not. */
function sizes(run: MeasuredRun, shown: (dataset: string) => boolean): ComparedCell[] {
  return readPublishedDatasets().flatMap(({ dataset, ...published }) => {
    if (!shown(dataset)) return [];
    const own = run.sizes.get(dataset);
    const measured = own && {
      train: own.train,
      validation: own.validation,
      average_tokens: own.averageTokens,
    };
    return (['train', 'validation', 'average_tokens'] as const).map((metric): ComparedCell => {
      const value = measured?.[metric] ?? null;
      return {
        ...{ table: 3, metric, variant: '-', method: '-', dataset },
        ...{ published: published[metric], deviation: null, measured: value, interval: null, seeds: 0 },
        verdict:
          value === null
            ? 'cannot be said'
            : Math.abs(value - published[metric]) <= ROUNDING
              ? 'holds'
              : 'does not hold',
      };
    });
  });
}

/** validation_cells.csv. */
export function cellTable(cells: readonly ComparedCell[]): Table {
  return {
    columns: [
      ...['table', 'metric', 'variant', 'method', 'dataset', 'published', 'published_std', 'measured'],
      ...['lower_95', 'upper_95', 'difference', 'seeds', 'verdict'],
    ],
    rows: cells.map((cell) => [
      ...[cell.table, cell.metric, cell.variant, cell.method, cell.dataset, cell.published, cell.deviation],
      ...[cell.measured, cell.interval?.lower ?? null, cell.interval?.upper ?? null],
      ...[cell.measured === null ? null : cell.measured - cell.published, cell.seeds, cell.verdict],
    ]),
  };
}
