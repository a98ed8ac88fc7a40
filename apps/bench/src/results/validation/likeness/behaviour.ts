import { mean } from '@icl-gd/metrics';
import type { Table } from '../../csv.ts';
import { type AcrossDatasets, acrossDatasets } from '../../inference/across-datasets.ts';
import type { MeasuredRun } from '../../measured.ts';
import { type OutputMeasures, ZERO_SHOT } from '../../outputs.ts';
import { mainVariant } from './ladder.ts';

/** Those whose mean over seeds and datasets means something: bounds of intervals and counts are left out. */
export const BEHAVIOUR_MEASURES = [
  ...(['agreement', 'kappa', 'js_divergence', 'log_odds_correlation', 'rec2ftp', 'rec2ftp_base'] as const),
  'next_token_overlap',
] as const satisfies readonly (keyof OutputMeasures)[];
export type OutputMeasure = (typeof BEHAVIOUR_MEASURES)[number];

/** What a setting puts out, compared with ICL: a measure on one dataset, mean over seeds, or on all of them (`all`). */
export interface BehaviourRow {
  readonly method: string;
  readonly dataset: string;
  readonly measures: Readonly<Record<OutputMeasure, number | null>>;
  readonly datasets: number;
}

/** Zero-shot first, then settings as they come; of each the mean over datasets before the datasets. */
export function behaviourRows({
  outputs = [],
  variants,
}: Pick<MeasuredRun, 'outputs' | 'variants'>): BehaviourRow[] {
  const own = outputs.filter(({ variant }) => variant === mainVariant(variants));
  const methods = new Set([ZERO_SHOT, ...own.map(({ method }) => method)]);
  const datasets = [...new Set(own.map(({ dataset }) => dataset))];
  return [...methods].flatMap((method) => {
    const rows = datasets.flatMap((dataset): BehaviourRow[] => {
      const seeds = own.filter((row) => row.method === method && row.dataset === dataset);
      if (seeds.length === 0) return [];
      const measures = measuresOf((measure) => mean(seeds.flatMap((row) => row.measures[measure] ?? [])));
      return [{ method, dataset, measures, datasets: 1 }];
    });
    if (rows.length === 0) return [];
    const all = measuresOf((measure) => mean(rows.flatMap((row) => row.measures[measure] ?? [])));
    return [{ method, dataset: 'all', measures: all, datasets: rows.length }, ...rows];
  });
}

function measuresOf(of: (measure: OutputMeasure) => number | null): BehaviourRow['measures'] {
  return Object.fromEntries(
    BEHAVIOUR_MEASURES.map((measure) => [measure, of(measure)]),
  ) as BehaviourRow['measures'];
}

/** How much more a setting has of a measure than another, with datasets as units; null with fewer than two. */
export function behaviourGain(
  rows: readonly BehaviourRow[],
  measure: OutputMeasure,
  [method, other]: readonly [string, string],
): AcrossDatasets | null {
  const on = (id: string, dataset: string): number | null | undefined =>
    rows.find((row) => row.method === id && row.dataset === dataset)?.measures[measure];
  const datasets = new Set(rows.flatMap(({ dataset }) => (dataset === 'all' ? [] : [dataset])));
  return acrossDatasets(
    [...datasets].flatMap((dataset) => {
      const [a, b] = [on(method, dataset), on(other, dataset)];
      return typeof a === 'number' && typeof b === 'number' ? [a - b] : [];
    }),
  );
}

/** behaviour.csv. */
export function behaviourTable(
  probes: readonly { readonly probe: string; readonly behaviour: readonly BehaviourRow[] }[],
): Table {
  return {
    columns: ['probe', 'method', 'dataset', ...BEHAVIOUR_MEASURES, 'datasets'],
    rows: probes.flatMap(({ probe, behaviour }) =>
      behaviour.map(({ method, dataset, measures, datasets }) => [
        ...[probe, method, dataset],
        ...BEHAVIOUR_MEASURES.map((measure) => measures[measure]),
        datasets,
      ]),
    ),
  };
}
