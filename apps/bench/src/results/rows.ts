import { type MetricCatalogue, builtInMetrics, definedShare, layerMean } from '@icl-gd/metrics';
import { groupBy } from '../experiment/group-by.ts';
import type {
  FinishedSetting,
  PredictionRecord,
  ScoreRecord,
  TrainingStepRecord,
} from '../experiment/record.ts';
import { isLearner } from '../experiment/setting.ts';
import { type TrialResult, learningRateOf } from '../experiment/trial-result.ts';
import type { Field } from './csv.ts';
import { NO_METHOD, numbersOf } from './measured.ts';
import { outputsTable } from './outputs-table.ts';
import { gradientNorms, precision, weights } from './training-tables.ts';
import { CELL, type TrialTable, cell } from './trial-table.ts';

export type { TrialTable } from './trial-table.ts';
import { trainingAttention } from './training-attention.ts';

/** Scores by method, those that belong to none first. */
function* scoresOf({ baselines, methods, pairs }: TrialResult): Generator<[string, string, ScoreRecord]> {
  for (const scores of [baselines?.inContext.metrics ?? {}, pairs])
    for (const [metric, own] of Object.entries(scores)) yield [NO_METHOD, metric, own];
  for (const [id, { metrics }] of finishedMethods(methods))
    for (const [metric, own] of Object.entries(metrics)) yield [id, metric, own];
}

function finishedMethods(methods: TrialResult['methods']): [string, FinishedSetting][] {
  return methods.flatMap(({ id, record }): [string, FinishedSetting][] =>
    record.status === 'finished' ? [[id, record]] : [],
  );
}

/** One value a layer. */
const layerwise: TrialTable = {
  file: 'layerwise.csv',
  columns: [...CELL, 'metric', 'layer', 'value', 'undefined', 'defined_share'],
  rows: (model, result) =>
    [...scoresOf(result)].flatMap(([method, metric, { values, undefinedCounts, totalCounts }]) =>
      values.map((value, layer) => [
        ...cell(model, result, method),
        ...[metric, layer, value, undefinedCounts[layer] ?? 0],
        definedShare(undefinedCounts[layer] ?? 0, totalCounts[layer] ?? 0),
      ]),
    ),
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Layer means, accuracies and counts; of what is scored by layer the share of cosines that is defined. A diverged cell has the one row `diverged`, 1. */
const summary: TrialTable = {
  file: 'summary.csv',
  columns: [...CELL, 'metric', 'value', 'defined_share'],
  rows(model, result) {
    const means = [...scoresOf(result)].map(([method, metric, own]) => [
      ...cell(model, result, method),
      ...[metric, layerMean(own.values), definedShare(sum(own.undefinedCounts), sum(own.totalCounts))],
    ]);
    const numbers = [...numbersOf(result)].map(([method, metric, value]) => [
      ...cell(model, result, method),
      ...[metric, value, null],
    ]);
    return [...means, ...numbers];
  },
};

/** 95 % bootstrap intervals over examples of the layer means. */
const intervals: TrialTable = {
  file: 'intervals.csv',
  columns: [...CELL, 'metric', 'value', 'lower_95', 'upper_95'],
  rows: (model, result) =>
    [...scoresOf(result)].map(([method, metric, { values, interval }]) => [
      ...cell(model, result, method),
      ...[metric, layerMean(values), interval?.lower ?? null, interval?.upper ?? null],
    ]),
};

/** The layer mean of every metric for each example (of some metrics pseudo-values), by its row of the evaluated split. */
function examples({ layerMetrics }: MetricCatalogue): TrialTable {
  // The columns are the same whatever a run measured.
  const ids = layerMetrics.map(({ id }) => id);
  return {
    file: 'examples.csv',
    columns: [...CELL, 'example', ...ids],
    rows: (model, result) =>
      [...groupBy(scoresOf(result), ([method]) => method)].flatMap(([method, scores]) => {
        const key = cell(model, result, method);
        const byMetric = new Map(scores.map(([, metric, own]) => [metric, own.examples]));
        const columns = ids.map((metric) => byMetric.get(metric));
        return result.prepared.validationRows.map((row, i) => [
          ...key,
          row,
          ...columns.map((column) => column?.[i] ?? null),
        ]);
      }),
  };
}

/** How each score changes under perturbations that change nothing but rounding. */
const noiseFloor: TrialTable = {
  file: 'noise_floor.csv',
  columns: [
    ...[...CELL, 'metric', 'perturbation', 'value', 'perturbed', 'change'],
    ...['example_change', 'layer_change'],
  ],
  rows: (model, result) =>
    result.noise.map((own) => [
      ...cell(model, result, own.method),
      ...[own.metric, own.perturbation, own.value, own.perturbed],
      own.value === null || own.perturbed === null ? null : own.perturbed - own.value,
      ...[own.exampleChange, own.layerChange],
    ]),
};

/**
 * One row an example and setting, with the mean log-probability (nats) of every option.
 * @param options columns for as many as the largest task has
 */
function predictions(options: number): TrialTable {
  const names = Array.from({ length: options }, (_, option) => `option_${option}_logprob`);
  return {
    file: 'predictions.csv',
    columns: [
      ...['model', 'variant', 'dataset', 'seed', 'permutation', 'learning_rate', 'setting', 'method'],
      ...['example', 'gold', 'predicted', ...names],
    ],
    rows(model, result) {
      const { trial, prepared, baselines, methods } = result;
      const { variant, dataset, seed, permutation } = trial;
      const block = (setting: string, method: string, own: readonly PredictionRecord[]): Field[][] =>
        own.map(({ predicted, optionLogProbs }, i) => [
          ...[model, variant, dataset, seed, permutation, learningRateOf(result, method), setting, method],
          ...[prepared.validationRows[i] as number, prepared.gold[i] ?? null, predicted],
          ...names.map((_, option) => optionLogProbs[option] ?? null),
        ]);
      return [
        ...block('ZSL', NO_METHOD, baselines?.zeroShot.predictions ?? []),
        ...block('ICL', NO_METHOD, baselines?.inContext.predictions ?? []),
        ...finishedMethods(methods).flatMap(([id, own]) => block(blockOf(id), id, own.predictions)),
      ];
    },
  };
}

/** In the column `setting` of predictions.csv: ICL and ZSL are the two that everything is compared with, and nothing else. */
function blockOf(id: string): string {
  return isLearner(id) ? 'FT' : 'CONTROL';
}

/** Gradient norm and loss of every step and layer. */
const training: TrialTable = stepTable('training.csv', ['gradient_norm', 'loss'], (step) =>
  step.gradientNorms.map((norm, layer) => [norm, step.losses[layer] as number]),
);

/** Gradient norms by the released code's definition. */
const releasedTraining: TrialTable = stepTable(
  'training_released.csv',
  ['gradient_norm'],
  ({ releasedGradientNorms = [] }) => releasedGradientNorms.map((norm) => [norm]),
);

function stepTable(
  file: string,
  columns: readonly string[],
  valuesByLayer: (step: TrainingStepRecord) => readonly (readonly Field[])[],
): TrialTable {
  return {
    file,
    columns: [...CELL, 'step', 'layer', ...columns],
    rows: (model, result) =>
      finishedMethods(result.methods).flatMap(([id, own]) =>
        own.training.flatMap((step, i) =>
          valuesByLayer(step).map((values, layer) => [...cell(model, result, id), i, layer, ...values]),
        ),
      ),
  };
}

/** What became of every cell. */
const cells: TrialTable = {
  file: 'cells.csv',
  columns: [...CELL, 'status', 'message'],
  rows: (model, result) =>
    result.methods.map(({ id, record }) => [
      ...cell(model, result, id),
      ...[record.status, record.status === 'finished' ? null : record.message],
    ]),
};

/** Every table with rows of each trial that a run writes. */
export function trialTables(options: {
  /** Most options of a task. */
  readonly taskOptions: number;
  readonly releasedNorms: boolean;
  readonly noiseFloor: boolean;
  readonly weightChanges?: boolean | undefined;
  readonly gradientNorms?: boolean | undefined;
  /** No if absent. */
  readonly trainingAttention?: boolean | undefined;
  /** What is measured; the built-in metrics if absent. */
  readonly metrics?: MetricCatalogue | undefined;
}): TrialTable[] {
  return [
    ...[
      layerwise,
      summary,
      intervals,
      examples(options.metrics ?? builtInMetrics),
      predictions(options.taskOptions),
      outputsTable,
      training,
    ],
    ...(options.releasedNorms ? [releasedTraining] : []),
    ...(options.noiseFloor ? [noiseFloor] : []),
    ...(options.weightChanges ? [weights, precision] : []),
    ...(options.gradientNorms ? [gradientNorms] : []),
    ...(options.trainingAttention ? [trainingAttention] : []),
    cells,
  ];
}

/** Those that a run writes only if it is asked to. */
export const OPTIONAL_TABLES: readonly TrialTable[] = [
  releasedTraining,
  noiseFloor,
  trainingAttention,
  weights,
  precision,
  gradientNorms,
];

/** Every file that {@link trialTables} may list. */
export const TRIAL_FILES: readonly string[] = trialTables({
  taskOptions: 0,
  releasedNorms: true,
  noiseFloor: true,
  weightChanges: true,
  gradientNorms: true,
  trainingAttention: true,
}).map(({ file }) => file);
