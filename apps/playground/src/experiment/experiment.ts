/** A text and the class it belongs to. */
export interface LabelledText {
  readonly text: string;
  /** Class index. */
  readonly label: number;
}

/** What is to be run, in words and plain values: it crosses from the page to the worker. */
export interface Experiment {
  /** With `{text}` where the text comes; the answer follows after a space. */
  readonly template: string;
  /** Answers, in class order. */
  readonly labelWords: readonly string[];
  /** In the order of the context and of training. */
  readonly demonstrations: readonly LabelledText[];
  readonly queries: readonly LabelledText[];
  /** Ids of the learners that are compared with in-context learning. */
  readonly learners: readonly string[];
  readonly learningRate: number;
  /** Of what draws random numbers: the random baseline of SimAOU. */
  readonly seed: number;
}

/** The two settings that everything is compared with. */
export const ZERO_SHOT = 'ZSL';
export const IN_CONTEXT = 'ICL';

/** What came out for one query in one setting. */
export interface QueryOutcome {
  /** Its place among the queries. */
  readonly query: number;
  /** Mean log-probability of each answer's tokens, nats a token, in class order. */
  readonly logProbs: readonly number[];
  /** Class of the largest. */
  readonly predicted: number;
  /** By layer, ‖h − h_ZSL‖ / ‖h_ZSL‖; empty for zero-shot itself. */
  readonly updateSizes: readonly number[];
  /** By layer, the cosine of the update with in-context learning's; null where undefined. Of learners alone. */
  readonly updateCosines: readonly (number | null)[];
}

/** A measure by layer. */
export interface Curve {
  /** Id of the metric. */
  readonly metric: string;
  /** For people. */
  readonly label: string;
  readonly range: readonly [number | null, number | null];
  /** Null where it is undefined. */
  readonly values: readonly (number | null)[];
}

/** One training step, numbers by layer. */
export interface Step {
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
}

/** What a running experiment tells, as it computes. */
export type ExperimentEvent =
  | { readonly kind: 'progress'; readonly doing: string; readonly finished: number; readonly total: number }
  | { readonly kind: 'outcomes'; readonly setting: string; readonly outcomes: readonly QueryOutcome[] }
  | { readonly kind: 'training'; readonly learner: string; readonly place: number; readonly step: Step }
  /** Curves of a learner; of `ICL` those of no learner, and of the pair of learners. */
  | { readonly kind: 'curves'; readonly setting: string; readonly curves: readonly Curve[] };
