import { builtInMetrics } from '@icl-gd/metrics';
import { orderDatasets } from '../tasks/tasks.ts';
import { type MeasuredRun, NO_METHOD } from './measured.ts';
import { type ScoreKey, type SeedMean, lookup, seedMeans } from './seed-means.ts';

/** One row of everything measured: a score, a cell a dataset. */
export interface MeasuredRow extends Omit<ScoreKey, 'dataset'> {
  /** Of the metric, for people. */
  readonly label: string;
  /** In the order of {@link MeasuredRows.datasets}; undefined where it was not measured. */
  readonly means: readonly (SeedMean | undefined)[];
}

export interface MeasuredRows {
  readonly datasets: readonly string[];
  readonly rows: readonly MeasuredRow[];
}

/** Every score that a run measured, by variant, metric and method. */
export function measuredRows({
  cells,
  variants,
  methods,
  controls = [],
  metrics = builtInMetrics,
}: Pick<MeasuredRun, 'cells' | 'variants' | 'methods' | 'controls' | 'metrics'>): MeasuredRows {
  const datasets = orderDatasets(cells.map(({ dataset }) => dataset));
  const find = lookup(seedMeans(cells));
  const shown = metrics.metrics.filter(({ kind }) => kind === 'layers' || kind === 'predictions');
  const rows = variants.flatMap((variant) =>
    shown.flatMap(({ id: metric, label, of }) =>
      (of === 'learner' ? [...methods, ...controls] : [NO_METHOD]).flatMap((method): MeasuredRow[] => {
        const means = datasets.map((dataset) => find({ metric, variant, method, dataset }));
        return means.some(Boolean) ? [{ metric, label, variant, method, means }] : [];
      }),
    ),
  );
  return { datasets, rows };
}

/** Mean ± deviation over seeds; nothing where it was not measured. */
export function showMean(own: SeedMean | undefined): string {
  if (!own) return '';
  return own.deviation === null
    ? own.mean.toFixed(3)
    : `${own.mean.toFixed(3)} ± ${own.deviation.toFixed(3)}`;
}
