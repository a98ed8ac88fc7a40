import { accuracy, layerMean, rec2ftp } from '@icl-gd/metrics';
import type { Group, Method } from '../experiment/plan.ts';
import type { FinishedGroup } from '../experiment/run.ts';
import {
  type FinishedMethod,
  type PredictionRecord,
  type ScoreRecord,
  finishedMethod,
} from '../experiment/record.ts';
import type { Field, Table } from './csv.ts';

const CELL = ['model', 'variant', 'dataset', 'method', 'seed', 'permutation', 'learning_rate'] as const;

function cell(model: string, group: Group, method: Method | '-'): Field[] {
  return [model, group.variant, group.dataset, method, group.seed, group.permutation, group.learningRate];
}

/** Metrics of a group by method, `-` first for those that belong to none. */
function* scoresOf({ group, record }: FinishedGroup): Generator<[Method | '-', string, ScoreRecord]> {
  for (const [metric, scores] of Object.entries(record.metrics)) yield ['-', metric, scores];
  for (const method of group.methods) {
    for (const [metric, scores] of Object.entries(finishedMethod(record, method)?.metrics ?? {}))
      yield [method, metric, scores];
  }
}

/** layerwise.csv: one value a layer. */
export function layerwiseTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = finished.flatMap((entry) =>
    [...scoresOf(entry)].flatMap(([method, metric, { values, undefinedCounts }]) =>
      values.map((value, layer): Field[] => [
        ...cell(model, entry.group, method),
        metric,
        layer,
        value,
        undefinedCounts[layer] ?? 0,
      ]),
    ),
  );
  return { columns: [...CELL, 'metric', 'layer', 'value', 'undefined'], rows };
}

/** summary.csv: layer means, accuracies and counts of each cell. A diverged cell has the one row `diverged`, 1. */
export function summaryTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = finished.flatMap((entry) => {
    const { group, prepared, record } = entry;
    const row = (method: Method | '-', metric: string, value: Field): Field[] => [
      ...cell(model, group, method),
      metric,
      value,
    ];
    const own: Field[][] = [];
    for (const [method, metric, { values }] of scoresOf(entry))
      own.push(row(method, metric, layerMean(values)));
    if (record.zeroShot.length > 0) {
      own.push(row('-', 'accuracy_zsl', accuracy(record.gold, labels(record.zeroShot))));
      own.push(row('-', 'accuracy_icl', accuracy(record.gold, labels(record.inContext))));
    }
    own.push(row('-', 'demonstrations_in_context', prepared.context.demonstrations));
    own.push(row('-', 'examples', record.gold.length));
    for (const method of group.methods) {
      const tuned = finishedMethod(record, method);
      if (tuned) {
        own.push(row(method, 'accuracy_ft', accuracy(record.gold, labels(tuned.predictions))));
        own.push(row(method, 'rec2ftp', recall(entry, tuned)));
      } else {
        own.push(row(method, 'diverged', 1));
      }
    }
    return own;
  });
  return { columns: [...CELL, 'metric', 'value'], rows };
}

/** intervals.csv: 95 % bootstrap intervals over examples of the layer means. */
export function intervalTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = finished.flatMap((entry) =>
    [...scoresOf(entry)].map(([method, metric, { values, interval }]): Field[] => [
      ...cell(model, entry.group, method),
      metric,
      layerMean(values),
      interval?.lower ?? null,
      interval?.upper ?? null,
    ]),
  );
  return { columns: [...CELL, 'metric', 'value', 'lower_95', 'upper_95'], rows };
}

/** Columns of examples.csv, so that they are the same whatever a run measured. */
const EXAMPLE_METRICS = [
  'simaou',
  'simaou_norm',
  'simam',
  'simam_delta',
  'simaou_random',
  'simam_zsl',
  'alpha',
] as const;

/** examples.csv: the layer mean of every metric for each example, by its row of validation.jsonl. */
export function exampleTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = finished.flatMap((entry) => {
    const byMethod = Map.groupBy(scoresOf(entry), ([method]) => method);
    return [...byMethod].flatMap(([method, scores]) => {
      const columns = new Map(scores.map(([, metric, { examples }]) => [metric, examples]));
      return entry.record.gold.map((_, i): Field[] => [
        ...cell(model, entry.group, method),
        entry.prepared.validationRows[i] as number,
        ...EXAMPLE_METRICS.map((metric) => columns.get(metric)?.[i] ?? null),
      ]);
    });
  });
  return { columns: [...CELL, 'example', ...EXAMPLE_METRICS], rows };
}

/** noise_floor.csv: how each score changes under perturbations that change nothing but rounding. */
export function noiseFloorTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = finished.flatMap(({ group, record }) =>
    (record.noiseFloor ?? []).map((own): Field[] => [
      ...cell(model, group, own.method as Method | '-'),
      ...[own.metric, own.perturbation, own.value, own.perturbed],
      own.value === null || own.perturbed === null ? null : own.perturbed - own.value,
      ...[own.exampleChange, own.layerChange],
    ]),
  );
  return {
    columns: [
      ...[...CELL, 'metric', 'perturbation', 'value', 'perturbed', 'change'],
      ...['example_change', 'layer_change'],
    ],
    rows,
  };
}

/** predictions.csv: one row an example and setting, with the mean log-probability (nats) of every option. */
export function predictionTable(model: string, finished: readonly FinishedGroup[]): Table {
  const options = Math.max(
    0,
    ...finished.flatMap(({ record }) => record.zeroShot.map(({ optionLogProbs }) => optionLogProbs.length)),
  );
  const rows = finished.flatMap(({ group, prepared, record }) => {
    const block = (
      setting: string,
      method: Method | '-',
      predictions: readonly PredictionRecord[],
    ): Field[][] =>
      predictions.map(({ predicted, optionLogProbs }, i) => [
        ...[model, group.variant, group.dataset, group.seed, setting, method],
        ...[prepared.validationRows[i] as number, record.gold[i] as number, predicted],
        ...Array.from({ length: options }, (_, option) => optionLogProbs[option] ?? null),
      ]);
    const tuned = group.methods.flatMap((method) =>
      block('FT', method, finishedMethod(record, method)?.predictions ?? []),
    );
    return [...block('ZSL', '-', record.zeroShot), ...block('ICL', '-', record.inContext), ...tuned];
  });
  const names = Array.from({ length: options }, (_, option) => `option_${option}_logprob`);
  return {
    columns: [
      'model',
      'variant',
      'dataset',
      'seed',
      'setting',
      'method',
      'example',
      'gold',
      'predicted',
      ...names,
    ],
    rows,
  };
}

/** training.csv: gradient norm and loss of every step and layer. */
export function trainingTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = stepRows(model, finished, ({ gradientNorms, losses }) =>
    gradientNorms.map((norm, layer) => [norm, losses[layer] as number]),
  );
  return { columns: [...STEP, 'gradient_norm', 'loss'], rows };
}

/** training_released.csv: gradient norms by the released code's definition. */
export function releasedTrainingTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = stepRows(model, finished, ({ releasedGradientNorms = [] }) =>
    releasedGradientNorms.map((norm) => [norm]),
  );
  return { columns: [...STEP, 'gradient_norm'], rows };
}

const STEP = ['model', 'variant', 'dataset', 'method', 'seed', 'step', 'layer'] as const;

function stepRows(
  model: string,
  finished: readonly FinishedGroup[],
  valuesByLayer: (step: FinishedMethod['training'][number]) => readonly (readonly Field[])[],
): Field[][] {
  return finished.flatMap(({ group, record }) =>
    group.methods.flatMap((method) =>
      (finishedMethod(record, method)?.training ?? []).flatMap((own, step) =>
        valuesByLayer(own).map((values, layer) => [
          model,
          group.variant,
          group.dataset,
          method,
          group.seed,
          step,
          layer,
          ...values,
        ]),
      ),
    ),
  );
}

/** cells.csv: what became of every cell. */
export function cellTable(model: string, finished: readonly FinishedGroup[]): Table {
  const rows = finished.flatMap(({ group, record }) =>
    group.methods.map((method): Field[] => {
      const entry = record.methods[method];
      return [
        ...cell(model, group, method),
        entry?.status ?? null,
        entry?.status === 'diverged' ? entry.message : null,
      ];
    }),
  );
  return { columns: [...CELL, 'status', 'message'], rows };
}

function recall({ record }: FinishedGroup, tuned: FinishedMethod): number | null {
  return rec2ftp({
    gold: record.gold,
    zsl: labels(record.zeroShot),
    icl: labels(record.inContext),
    ft: labels(tuned.predictions),
  });
}

function labels(predictions: readonly PredictionRecord[]): number[] {
  return predictions.map(({ predicted }) => predicted);
}
