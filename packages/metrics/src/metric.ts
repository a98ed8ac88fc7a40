import type { LayerScores } from './layer-scores.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';

/** What people and tables need to know of something that is measured. */
export interface MetricDescription {
  /** As it stands in the column `metric`. */
  readonly id: string;
  /** For people: headings, axes, pages. */
  readonly label: string;
  /** The formula, in words of the paper. */
  readonly formula: string;
  /** Where it is defined. */
  readonly source: string;
  /** Smallest and largest value; null where there is no bound. */
  readonly range: readonly [number | null, number | null];
  /** Which way two things are more alike; null where the number says nothing about likeness. */
  readonly moreAlike: 'higher' | 'lower' | null;
  /** When there is a value; an undefined one is an empty field. */
  readonly definedWhen: string;
  /**
   * Place in tables among those that are `of` the same, the lowest first; metrics without it come last, by id. Metrics that
   * are not built in stand after those that are.
   */
  readonly order?: number;
  /**
   * What it has for each example, where that is no score of the example: jackknife pseudo-values, whose mean is the metric and
   * whose spread is its error. They may lie outside of `range`.
   */
  readonly exampleValues?: 'pseudo-values';
}

/** Smallest and largest value that a metric can have for one example; null where there is no bound. */
export function exampleRange({
  range,
  exampleValues,
}: Pick<MetricDescription, 'range' | 'exampleValues'>): MetricDescription['range'] {
  return exampleValues === 'pseudo-values' ? [null, null] : range;
}

type Probes = readonly ProbeArrays[];

/** Uniform numbers in [0, 1), for metrics that draw. */
export type Random = () => number;

/** By layer, of one learner: what fine-tuning (or any other account of ICL) changes, against what ICL changes. */
export interface LearnerMetric extends MetricDescription {
  readonly kind: 'layers';
  readonly of: 'learner';
  /**
   * The metric.
   * @param probes of the same examples under each setting; `ft` are the learner's
   * @throws RangeError if shapes disagree or a value is not finite
   */
  score(probes: { icl: Probes; zsl: Probes; ft: Probes }, shape: ProbeShape): LayerScores;
}

/** By layer, of in-context learning alone. */
export interface BaselineMetric extends MetricDescription {
  readonly kind: 'layers';
  readonly of: 'baseline';
  /**
   * The metric.
   * @param random for metrics that draw
   * @throws RangeError if shapes disagree or a value is not finite
   */
  score(probes: { icl: Probes; zsl: Probes }, shape: ProbeShape, random: Random): LayerScores;
}

/** By layer, of two learners against each other. */
export interface PairMetric extends MetricDescription {
  readonly kind: 'layers';
  readonly of: 'pair';
  /** Ids of the two learners. */
  readonly learners: readonly [string, string];
  /**
   * The metric.
   * @param probes `first` and `second` in the order of `learners`
   * @throws RangeError if shapes disagree or a value is not finite
   */
  score(probes: { first: Probes; second: Probes; zsl: Probes }, shape: ProbeShape): LayerScores;
}

/** Class numbers of the same examples: the right ones and those predicted in the three settings. */
export interface Predictions {
  readonly gold: readonly number[];
  readonly zsl: readonly number[];
  readonly icl: readonly number[];
  readonly ft: readonly number[];
}

/** One number from the predicted classes. */
export interface PredictionMetric extends MetricDescription {
  readonly kind: 'predictions';
  readonly of: 'baseline' | 'learner';
  /**
   * The metric; null where it is undefined.
   * @param predictions `ft` is empty for what is `of` the baselines
   * @throws RangeError if lengths disagree
   */
  score(predictions: Predictions): number | null;
}

/** What a run counts or a training step reports; nothing is computed from probes. */
export interface RunMetric extends MetricDescription {
  readonly kind: 'count' | 'training';
  readonly of: 'baseline' | 'learner';
}

/** Something that is measured by layer. */
export type LayerMetric = LearnerMetric | BaselineMetric | PairMetric;
/** Something that is measured. */
export type Metric = LayerMetric | PredictionMetric | RunMetric;
/** A metric that can be added to the catalogue: it computes its values from probes or from predicted classes. */
export type OwnMetric = LayerMetric | PredictionMetric;
