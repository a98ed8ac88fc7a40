import type { Model } from '@icl-gd/transformer';

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
 * Which token is probed (paper.md, "Released-code quirk"): the last token of the prompt, as the paper's text says,
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
  /** Gradient norms by the released code's definition (paper.md, gradient norm), if asked for. */
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
  dispose(): void;
}

export interface AdaptOptions {
  /** Constant step size of learners that train. */
  readonly learningRate?: number;
  /** Also report the gradient norms by the released code's definition; costs about half a training step more. */
  readonly releasedNorms?: boolean;
  /** Probe with the trained weights rounded to float16, as in mixed-precision training; the training itself is float32. */
  readonly halfWeights?: boolean;
  /** Called with the number of demonstrations taken in so far. */
  readonly onProgress?: (finished: number) => void;
}

/** A way to take in demonstrations. */
export interface Learner {
  readonly id: 'ZSL' | 'ICL' | 'GD' | 'LCGD';
  /**
   * The given model stays as it is and must outlive the adapted one.
   * @throws DivergedError if training stops being finite
   */
  adapt(
    model: Model,
    demonstrations: readonly Demonstration[],
    options?: AdaptOptions,
  ): Promise<AdaptedModel>;
}

/** Thrown when a loss or a probe stops being finite; the cell is then marked `diverged`. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}
