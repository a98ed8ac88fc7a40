import type { Field, Table } from '../csv.ts';
import type { GateGain } from './gate.ts';
import type { MeasuredDevelopment } from './measured-development.ts';

const RATES = 'rates.csv';
const CURVES = 'development.csv';
const GATE = 'gate.csv';

const COLUMNS = {
  [RATES]: [
    ...['model', 'dataset', 'method', 'rule', 'learning_rate', 'published_rate', 'target', 'objective'],
    ...['standard_error', 'points', 'seeds', 'examples', 'note'],
  ],
  [CURVES]: [
    ...['model', 'dataset', 'seed', 'method', 'learning_rate', 'gold_nll', 'accuracy', 'kl'],
    ...['update_norm', 'simaou', 'simam_delta', 'status'],
  ],
  [GATE]: [
    ...['model', 'dataset', 'method', 'rule', 'learning_rate', 'icl_gain', 'icl_lower_95', 'icl_upper_95'],
    ...['ft_gain', 'ft_lower_95', 'ft_upper_95', 'outcome'],
  ],
} as const;

/** Files that a run with development data writes, with their columns. */
export const DEVELOPMENT_COLUMNS: Readonly<Record<string, readonly string[]>> = COLUMNS;
export const DEVELOPMENT_FILES = { rates: RATES, curves: CURVES, gate: GATE } as const;

/** By file. */
export function developmentTables(
  model: string,
  { rates, curves, gate }: MeasuredDevelopment,
): Readonly<Record<string, Table>> {
  return {
    [RATES]: {
      columns: COLUMNS[RATES],
      rows: rates.map((row) => [
        ...[model, row.dataset, row.method, row.rule, row.learningRate, row.publishedRate, row.target],
        ...[row.objective, row.standardError, row.points, row.seeds, row.examples, row.note],
      ]),
    },
    [CURVES]: {
      columns: COLUMNS[CURVES],
      rows: curves.map((row) => [
        ...[model, row.dataset, row.seed, row.method, row.learningRate, row.goldNll, row.accuracy, row.kl],
        ...[row.updateNorm, row.simaou, row.simamDelta, row.status],
      ]),
    },
    [GATE]: {
      columns: COLUMNS[GATE],
      rows: gate.map(({ dataset, method, rule, learningRate, icl, learner, outcome }) => [
        ...[model, dataset, method, rule, learningRate],
        ...[...gainFields(icl), ...gainFields(learner), outcome],
      ]),
    },
  };
}

function gainFields(own: GateGain | null): Field[] {
  return own ? [own.mean, own.lower, own.upper] : [null, null, null];
}
