import type { Model, Objective } from '@icl-gd/transformer';
import type { z } from 'zod';

/** One training or in-context example: query tokens followed by the label word's tokens, without BOS and EOS. */
export interface Demonstration {
  readonly tokens: readonly number[];
}

/** One validation example before the model. */
export interface Query {
  /** Tokens of the filled template, without BOS. */
  readonly tokens: readonly number[];
  /** Tokens of each answer option, in class order. */
  readonly options: readonly (readonly number[])[];
}

/**
 * Which token is probed (arXiv 2311.07772v4 and its released code): the last token of the prompt, as the paper's text says,
 * or the last token of option 0 fed after the prompt, as the released code does.
 */
export type ProbeToken = 'label' | 'prompt';

/** How queries are put before the model. */
export interface BatchOptions {
  /** Most tokens put before the model in one packed batch. */
  readonly tokenBudget?: number;
  /** Called after each batch with the number of queries finished so far. */
  readonly onProgress?: (finished: number) => void;
}

export interface ProbeOptions extends BatchOptions {
  readonly probeToken: ProbeToken;
}

export interface ProbeTokensOptions extends BatchOptions {
  readonly probeTokens: readonly ProbeToken[];
}

/** What is recorded for one query at its last token, in every layer. */
export interface Probe {
  /** h, shape [layers, dModel]: the attention block's output after its output projection, before the residual. */
  readonly attentionOutput: Float32Array;
  /** m, shape [layers, heads, queryLength]: attention scores before softmax towards the query part. */
  readonly attentionScores: Float32Array;
  readonly queryLength: number;
  /** Mean log-probability (nats) of each option's tokens, in class order. */
  readonly optionLogProbs: readonly number[];
}

/** A training step as reported in training.csv; the arrays have one entry per layer. */
export interface TrainingStep {
  /** l2 norm over the layer's key and value weights and biases of the gradient of the normalised loss. */
  readonly gradientNorms: readonly number[];
  /** Nats per predicted token, before the step. GD: the loss at the output, repeated; LCGD: that layer's own. */
  readonly losses: readonly number[];
  /** Gradient norms by the released code's definition, if asked for. */
  readonly releasedGradientNorms?: readonly number[];
}

/** A model after it has taken in the demonstrations. */
export interface AdaptedModel {
  /** One probe a query, in their order. */
  probe(queries: readonly Query[], options: ProbeOptions): Promise<Probe[]>;
  /** Probes several tokens in the same forward passes: bit for bit what `probe` gives for each. */
  probeTokens(
    queries: readonly Query[],
    options: ProbeTokensOptions,
  ): Promise<ReadonlyMap<ProbeToken, Probe[]>>;
  /** Present for learners that train. */
  readonly training?: readonly TrainingStep[];
  /** Present for learners that put demonstrations into the context. */
  readonly context?: { readonly demonstrations: number; readonly tokens: readonly number[] };
  /** Frees what adapting took on the device. */
  dispose(): void;
}

/** What a learner can be told beside {@link AdaptOptions}: plain values by name. */
export type LearnerOptions = Readonly<Record<string, string | number | boolean>>;

/** How a learner takes in demonstrations. */
export interface AdaptOptions<Options extends LearnerOptions = LearnerOptions> {
  /** Constant step size of learners that train. */
  readonly learningRate?: number;
  /** Also report the gradient norms by the released code's definition; costs about half a training step more. */
  readonly releasedNorms?: boolean;
  /** Probe with the trained weights rounded to float16, as in mixed-precision training; the training itself is float32. */
  readonly halfWeights?: boolean;
  /** The learner's own, see {@link Learner.options}; defaults where absent. */
  readonly learnerOptions?: Partial<Options>;
  /** Called with the number of demonstrations taken in so far. */
  readonly onProgress?: (finished: number) => void;
}

/** A way to take in demonstrations, and what a run has to know of it. */
export interface Learner<Options extends LearnerOptions = LearnerOptions> {
  /** As it stands in the column `method`, without options. */
  readonly id: string;
  /** For people: headings and pages. */
  readonly label: string;
  /** Where it is defined. */
  readonly source: string;
  /** `baseline`: what the others are compared with, ZSL and ICL. */
  readonly role: 'baseline' | 'learner';
  /** Demonstrations that it takes in: none, those that the context window has room for, or all k. */
  readonly needs: 'none' | 'context' | 'all';
  /** Where the loss is taken, for learners that take SGD steps: they need a learning rate and report their training. */
  readonly objective?: Objective;
  /** Whether it has copies of the key and value projections of its own; learners that train have. */
  readonly copiesKeyValueWeights?: boolean;
  /** Schema of its own options, each with a default; absent if it has none. Texts as typed are what is parsed. */
  readonly options?: z.ZodObject & z.ZodType<Options>;
  /** Ids of metrics that do not apply to it; their fields stay empty. */
  readonly inapplicableMetrics?: readonly string[];
  /**
   * The given model stays as it is and must outlive the adapted one.
   * @throws DivergedError if training stops being finite
   */
  adapt(
    model: Model,
    demonstrations: readonly Demonstration[],
    options?: AdaptOptions<Options>,
  ): Promise<AdaptedModel>;
}

/** Thrown when a loss or a probe stops being finite; the cell is then marked `diverged`. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}
