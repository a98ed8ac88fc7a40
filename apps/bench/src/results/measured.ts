import { type MetricCatalogue, builtInMetrics, definedShare, layerMean } from '@icl-gd/metrics';
import { groupBy } from '../experiment/group-by.ts';
import type { NoiseEntry, ScoreRecord } from '../experiment/record.ts';
import { roleOf } from '../experiment/setting.ts';
import { type TrialResult, learningRateOf } from '../experiment/trial-result.ts';
import type { MeasuredDevelopment } from './development/measured-development.ts';
import type { CellKey } from './cell-key.ts';
import type { MeasuredOutputs } from './outputs.ts';
import type { PaperMatch } from './published/paper-match.ts';
import type { TrainingRows } from './training-rows.ts';
import type { MeasuredAttention } from './training-attention.ts';

/** In the column `method`, where something belongs to no method. */
export const NO_METHOD = '-';

/** What of a cell was scored by layer, by metric. */
export interface CellScore {
  /** By layer; null where undefined. */
  readonly layers: readonly (number | null)[];
  /** By layer, which share of its cosines is defined; absent where a run of an earlier version did not write it. */
  readonly definedShares?: readonly (number | null)[];
  /** By example, in the order of {@link MeasuredCell.exampleRows}: its layer mean (of some metrics, that of its pseudo-values), NaN where undefined. */
  readonly examples: Float64Array;
}

/** What was measured under one method of one trial; under `-`, what belongs to no method. */
export interface MeasuredCell extends CellKey {
  readonly scores: ReadonlyMap<string, CellScore>;
  /** Layer means, accuracies and counts by metric, as in summary.csv; null where undefined. */
  readonly numbers: ReadonlyMap<string, number | null>;
  /** Rows of the evaluated split; none where nothing was scored by layer. */
  readonly exampleRows: readonly number[];
  /** [step][layer]; empty for what does not train. */
  readonly gradientNorms: readonly (readonly number[])[];
  /** By the released code's definition, if it was measured. */
  readonly releasedGradientNorms: readonly (readonly number[])[];
}

/** How a score moves under a perturbation that changes nothing but rounding. */
export interface MeasuredNoise extends Pick<NoiseEntry, 'method' | 'metric' | 'value' | 'exampleChange'> {
  readonly variant: string;
  readonly dataset: string;
  readonly perturbation: string;
  readonly learningRate: number | null;
}

/** Row counts of a dataset and the mean length of its prompts, as a run read it. */
export interface DatasetSize {
  readonly train: number;
  readonly validation: number;
  /** Mean tokens of a prompt without BOS and option. */
  readonly averageTokens: number;
}

/** What a run measured, as far as tables, claims and figures go: the same whether it was just made or read from its files. */
export interface MeasuredRun {
  readonly model: string;
  readonly variants: readonly string[];
  /** Learners: what the paper's tables, claims and figures are about. */
  readonly methods: readonly string[];
  /** Nulls and controls that are compared with in-context learning in the same way; none if absent. */
  readonly controls?: readonly string[];
  readonly cells: readonly MeasuredCell[];
  readonly sizes: ReadonlyMap<string, DatasetSize>;
  readonly noise: readonly MeasuredNoise[];
  /** What settings put out, compared with ICL: by trial, in the order of the settings, ZSL first; absent in runs without it. */
  readonly outputs?: readonly MeasuredOutputs[];
  /** Weight changes and gradient norms, where there are any. */
  readonly training?: TrainingRows;
  /** How far ICL and fine-tuning attend to the same demonstrations, where that was measured. */
  readonly trainingAttention?: readonly MeasuredAttention[];
  /** What was measured on development data, if the run asked for it. */
  readonly development?: MeasuredDevelopment;
  /** Which of it may stand beside the paper's figures. */
  readonly paper: PaperMatch;
  /** By how much a score may differ and count as the same, as declared before the run; absent where nothing was. */
  readonly margin?: number;
  /** Where metrics that are not built in are among them: all that there are. */
  readonly metrics?: MetricCatalogue;
}

/** The metrics, if some of them are not built in. */
export function withOwnMetrics(metrics: MetricCatalogue | undefined): Pick<MeasuredRun, 'metrics'> {
  return metrics && metrics.own.length > 0 ? { metrics } : {};
}

/** Settings in the order of tables, learners apart from nulls and controls. */
export function byRole(ids: Iterable<string>): Pick<MeasuredRun, 'methods' | 'controls'> {
  const all = [...ids];
  const isMethod = (id: string): boolean => roleOf(id) === 'learner';
  const controls = all.filter((id) => !isMethod(id));
  return { methods: all.filter(isMethod), ...(controls.length === 0 ? {} : { controls }) };
}

/** Accuracies and counts of a trial, by method and metric. */
export function* numbersOf({
  prepared,
  baselines,
  absentMetrics = [],
  methods,
  metrics: { predictionMetrics } = builtInMetrics,
}: TrialResult): Generator<[string, string, number | null]> {
  const { gold, context, validationRows } = prepared;
  const classes = (predictions: readonly { predicted: number }[]): number[] =>
    predictions.map(({ predicted }) => predicted);
  const zsl = classes(baselines?.zeroShot.predictions ?? []);
  const icl = classes(baselines?.inContext.predictions ?? []);
  if (baselines) {
    for (const metric of predictionMetrics)
      if (metric.of === 'baseline' && !absentMetrics.includes(metric.id))
        yield [NO_METHOD, metric.id, metric.score({ gold, zsl, icl, ft: [] })];
  }
  if (context.demonstrations !== undefined)
    yield [NO_METHOD, 'demonstrations_in_context', context.demonstrations];
  yield [NO_METHOD, 'examples', validationRows.length];
  for (const { id, record, inapplicableMetrics } of methods) {
    if (record.status === 'diverged') yield [id, 'diverged', 1];
    // Directions predict nothing.
    if (record.status !== 'finished' || record.predictions.length === 0) continue;
    for (const metric of predictionMetrics) {
      if (metric.of === 'learner' && !inapplicableMetrics.includes(metric.id))
        yield [id, metric.id, metric.score({ gold, zsl, icl, ft: classes(record.predictions) })];
    }
  }
}

/** The cells of a trial, those without a method first. */
export function measureTrial(result: TrialResult): MeasuredCell[] {
  const { trial, prepared, baselines, methods, pairs } = result;
  const numbers = groupBy(numbersOf(result), ([method]) => method);
  const make = (method: string, scores: Readonly<Record<string, ScoreRecord>>): MeasuredCell => ({
    variant: trial.variant,
    dataset: trial.dataset,
    method,
    seed: trial.seed,
    permutation: trial.permutation,
    learningRate: learningRateOf(result, method),
    scores: new Map(Object.entries(scores).map(([metric, own]) => [metric, toCellScore(own)])),
    numbers: new Map([
      ...Object.entries(scores).map(([metric, { values }]) => [metric, layerMean(values)] as const),
      ...(numbers.get(method) ?? []).map(([, metric, value]) => [metric, value] as const),
    ]),
    exampleRows: Object.keys(scores).length === 0 ? [] : prepared.validationRows,
    gradientNorms: [],
    releasedGradientNorms: [],
  });
  return [
    make(NO_METHOD, { ...baselines?.inContext.metrics, ...pairs }),
    ...methods.map(({ id, record }) => {
      if (record.status !== 'finished') return make(id, {});
      return {
        ...make(id, record.metrics),
        gradientNorms: record.training.map((step) => step.gradientNorms),
        releasedGradientNorms: record.training.flatMap((step) =>
          step.releasedGradientNorms ? [step.releasedGradientNorms] : [],
        ),
      };
    }),
  ];
}

export function measureNoise(result: TrialResult): MeasuredNoise[] {
  const { variant, dataset } = result.trial;
  return result.noise.map(({ method, metric, perturbation, value, exampleChange }) => ({
    ...{ variant, dataset, method, metric, perturbation, value, exampleChange },
    learningRate: learningRateOf(result, method),
  }));
}

function toCellScore({ values, undefinedCounts, totalCounts, examples }: ScoreRecord): CellScore {
  return {
    layers: values,
    definedShares: values.map((_, layer) =>
      definedShare(undefinedCounts[layer] ?? 0, totalCounts[layer] ?? 0),
    ),
    examples: Float64Array.from(examples, (value) => value ?? Number.NaN),
  };
}
