import { type Interval, mean } from '@icl-gd/metrics';
import type { Table } from '../csv.ts';
import {
  type Difference,
  type Equivalence,
  ROUNDING,
  averageDifference,
  differenceFrom,
  judgeEquivalence,
  publishedHalfWidth,
} from '../inference/equivalence.ts';
import type { Estimate, IntervalBasis } from '../inference/estimate.ts';
import { DEFAULT_MARGIN } from '../inference/margin.ts';
import { seedsNeeded, showNeeded } from '../inference/seeds-needed.ts';
import type { Spread } from '../inference/spread.ts';
import type { MeasuredRun } from '../measured.ts';
import {
  readPublishedAverages,
  readPublishedCells,
  readPublishedDatasets,
} from '../published/read-published.ts';
import { publishedShown } from '../shown.ts';
import type { ExampleScores } from './example-scores.ts';

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
  /** 95 % interval of `measured`; null for Table 3 and where too little was measured. */
  readonly interval: Interval | null;
  /** What that interval is of; `combined` for an average: the intervals of its datasets. */
  readonly basis: IntervalBasis | 'combined' | null;
  /** measured − published; null for Table 3 and without an interval. */
  readonly difference: Difference | null;
  readonly seeds: number;
  readonly verdict: Equivalence | 'not measured';
  /** Where it is inconclusive: about how many seeds would settle it, of each dataset; null where that is not known. */
  readonly toSettle: number | null;
}

/** What of a cell its average is made of. */
interface Part {
  readonly cell: ComparedCell;
  readonly spread: Spread | null;
}

/**
 * Every cell of Tables 1 to 3, but those of a dataset that was run under the id of one of the paper's and is another; none if
 * nothing of the run is the paper's.
 * @param margin by how much a score may differ and count as the same, fixed before the run
 */
export function compareCells(
  run: MeasuredRun,
  examples: ExampleScores,
  margin = DEFAULT_MARGIN,
): ComparedCell[] {
  const shown = publishedShown(run);
  const published = readPublishedCells();
  const own = published.filter(({ dataset }) => shown(dataset));
  const parts = own.map(({ mean: figure, ...cell }): Part => {
    const estimate = examples.estimate(cell);
    const { value: measured, interval, basis, seeds } = estimate;
    const difference = differenceFrom(estimate, { mean: figure, deviation: cell.deviation });
    const spread = estimate.spread ?? ofSingleSeed(estimate, cell.deviation);
    const fixed = (level: number): number => publishedHalfWidth(cell.deviation, 0, level);
    return {
      spread,
      cell: {
        ...{ ...cell, published: figure, measured, interval, basis, difference, seeds },
        ...judge(measured, difference, margin, spread && [spread], { seeds, fixed }),
      },
    };
  });
  const whole = parts.length === published.length;
  return [...parts.map(({ cell }) => cell), ...(whole ? averages(parts, margin) : []), ...sizes(run, shown)];
}

function judge(
  measured: number | null,
  difference: Difference | null,
  margin: number,
  spreads: readonly Spread[] | null,
  { seeds, fixed }: { readonly seeds: number; readonly fixed: (level: number) => number },
): Pick<ComparedCell, 'verdict' | 'toSettle'> {
  if (measured === null) return { verdict: 'not measured', toSettle: null };
  const verdict = judgeEquivalence(difference, margin);
  if (verdict !== 'inconclusive' || !difference || !spreads) return { verdict, toSettle: null };
  const distance = Math.abs(difference.value);
  const level = distance < margin ? 0.9 : 0.95;
  const halfWidth = Math.abs(margin - distance);
  const wanted = { halfWidth, level, fixed: fixed(level), measured: seeds };
  return { verdict, toSettle: seedsNeeded(spreads, wanted) };
}

/** Of one seed nothing is known of seeds: the paper's deviation stands for it, and its interval is all of the examples. */
function ofSingleSeed({ interval, seeds }: Estimate, deviation: number): Spread | null {
  if (seeds !== 1 || !interval) return null;
  const error = (interval.upper - interval.lower) / 2 / 1.96;
  return { seedVariance: deviation ** 2, exampleVariance: error ** 2, examples: 0 };
}

/**
 * Table 2's averages over the six datasets. They are the same six in the paper and here, so that the error is that of the cells, which
 * are independent; what other datasets would give is another question (ClaimAcross).
 */
function averages(parts: readonly Part[], margin: number): ComparedCell[] {
  return readPublishedAverages().map(({ metric, method, mean: published }) => {
    const own = parts.filter(
      ({ cell }) => cell.table === 2 && cell.metric === metric && cell.method === method,
    );
    const cells = own.map(({ cell }) => cell);
    const values = cells.flatMap(({ measured }) => measured ?? []);
    const measured = values.length === cells.length ? mean(values) : null;
    const differences = cells.flatMap(({ difference }) => difference ?? []);
    const whole = measured !== null && differences.length === cells.length;
    const difference = whole ? averageDifference(differences, measured - published) : null;
    const spreads = own.flatMap(({ spread }) => spread ?? []);
    const seeds = cells.reduce((least, cell) => Math.min(least, cell.seeds), Infinity);
    const fixed = (level: number): number =>
      Math.hypot(...cells.map(({ deviation }) => publishedHalfWidth(deviation ?? 0, 0, level))) /
      cells.length;
    return {
      ...{ table: 2, metric, variant: 'trained', method, dataset: 'average', published, deviation: null },
      ...{ measured, interval: whole ? averageInterval(cells, measured) : null, difference },
      ...{ basis: whole ? ('combined' as const) : null },
      seeds,
      ...judge(measured, difference, margin, spreads.length === cells.length ? spreads : null, {
        ...{ seeds, fixed },
      }),
    };
  });
}

/** Distances from value to bound of independent values, squared, add up. */
function averageInterval(cells: readonly ComparedCell[], value: number): Interval {
  const half = (of: (interval: Interval, value: number) => number): number =>
    Math.hypot(...cells.map(({ interval, measured }) => of(interval as Interval, measured as number))) /
    cells.length;
  return {
    lower: value - half(({ lower }, own) => own - lower),
    upper: value + half(({ upper }, own) => upper - own),
  };
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
        ...{ published: published[metric], deviation: null, measured: value, interval: null, basis: null },
        ...{ difference: null, seeds: 0, toSettle: null },
        verdict:
          value === null
            ? 'not measured'
            : Math.abs(value - published[metric]) <= ROUNDING
              ? 'equivalent'
              : 'different',
      };
    });
  });
}

/** validation_cells.csv. */
export function cellTable(cells: readonly ComparedCell[], margin = DEFAULT_MARGIN): Table {
  return {
    columns: [
      ...['table', 'metric', 'variant', 'method', 'dataset', 'published', 'published_std', 'measured'],
      ...['lower_95', 'upper_95', 'interval', 'difference', 'difference_lower_90', 'difference_upper_90'],
      ...['difference_lower_95', 'difference_upper_95', 'margin', 'seeds', 'verdict', 'seeds_to_settle'],
    ],
    rows: cells.map((cell) => [
      ...[cell.table, cell.metric, cell.variant, cell.method, cell.dataset, cell.published, cell.deviation],
      ...[cell.measured, cell.interval?.lower ?? null, cell.interval?.upper ?? null, cell.basis],
      ...[cell.measured === null ? null : cell.measured - cell.published],
      ...[cell.difference?.interval90.lower ?? null, cell.difference?.interval90.upper ?? null],
      ...[cell.difference?.interval.lower ?? null, cell.difference?.interval.upper ?? null],
      ...[cell.table === 3 ? null : margin, cell.seeds, cell.verdict, showNeeded(cell.toSettle)],
    ]),
  };
}
