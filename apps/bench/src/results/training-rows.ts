import { type TrialResult, learningRateOf } from '../experiment/trial-result.ts';
import type { CellKey } from './cell-key.ts';

/** What of a run was measured by training once more, row by row; nothing where it was not asked for. */
export interface TrainingRows {
  readonly weights: readonly WeightCosineRow[];
  readonly precision: readonly PrecisionRow[];
  readonly gradientNorms: readonly GradientNormRow[];
}

/** A row of weights.csv: how alike the weight changes of two learners are in a layer. */
export interface WeightCosineRow extends Omit<CellKey, 'method' | 'learningRate'> {
  readonly methods: readonly [string, string];
  readonly learningRates: readonly [number | null, number | null];
  readonly layer: number;
  /** Null where one of them changes nothing. */
  readonly value: number | null;
}

/** A row of precision.csv: what becomes of a layer's weight changes on the grid of float16. */
export interface PrecisionRow extends CellKey {
  readonly layer: number;
  /** Share of the trained weights that change after rounding. */
  readonly changed: number | null;
  readonly cosine: number | null;
  readonly cosineOfRounded: number | null;
  readonly relativeSize: number | null;
}

/** A row of gradient_norms.csv. */
export interface GradientNormRow extends CellKey {
  readonly step: number;
  readonly layer: number;
  readonly parameters: 'all' | 'kv' | 'key_bias';
  readonly reduction: 'sum' | 'mean';
  readonly gradients: 'accumulated' | 'reset';
  readonly value: number;
}

/** The rows of a trial, in the order of the tables. */
export function trainingRows(result: TrialResult): TrainingRows {
  const { variant, dataset, seed, permutation } = result.trial;
  const key = { variant, dataset, seed, permutation };
  const rateOf = (id: string): number | null => learningRateOf(result, id);
  const { pairs = [], precision = [], gradientNorms = [] } = result.training ?? {};
  return {
    weights: pairs.flatMap(({ ids: [a, b], values }) =>
      values.map((value, layer) => ({
        ...key,
        ...{ methods: [a, b] as const, learningRates: [rateOf(a), rateOf(b)] as const, layer, value },
      })),
    ),
    precision: [...precision].flatMap(([method, layers]) =>
      layers.map((own, layer) => ({ ...key, method, learningRate: rateOf(method), layer, ...own })),
    ),
    gradientNorms: [...gradientNorms].flatMap(([method, steps]) =>
      steps.flatMap(({ step, variants }) =>
        variants.flatMap(({ norms, ...variant }) =>
          norms.map((value, layer) => ({
            ...{ ...key, method, learningRate: rateOf(method), step, layer, ...variant, value },
          })),
        ),
      ),
    ),
  };
}

/** Rows of several trials, one after another; nothing if there are none. */
export function withTraining(trials: readonly TrainingRows[]): { readonly training?: TrainingRows } {
  const training = {
    weights: trials.flatMap(({ weights }) => weights),
    precision: trials.flatMap(({ precision }) => precision),
    gradientNorms: trials.flatMap(({ gradientNorms }) => gradientNorms),
  };
  return Object.values(training).some((rows) => rows.length > 0) ? { training } : {};
}
