import type {
  GradientNormVariant,
  LongRunning,
  Model,
  Objective,
  ParameterChange,
  TopTokens,
  TrainingKind,
} from '@icl-gd/transformer';

/** One training or in-context example: query tokens followed by the label word's tokens, without BOS and EOS. */
export interface Demonstration {
  readonly tokens: readonly number[];
  /** How many of its last tokens are the answer's, for a loss over the answer alone. Every encoder here says it. */
  readonly answerLength?: number;
}

/** One example that a model is probed with. */
export interface Query {
  /** Tokens of the filled template, without BOS. */
  readonly tokens: readonly number[];
  /** Tokens of each answer option, in class order. */
  readonly options: readonly (readonly number[])[];
}

/**
 * Which token is probed: the last token of the prompt (`prompt`), as the text of arXiv 2311.07772v4 says, or the last token
 * of option 0 fed after the prompt (`label`), as the code released with it does.
 */
export type ProbeToken = 'label' | 'prompt';

/** How queries are put before the model. A signal ends it after a batch; progress is in queries. */
export interface BatchOptions extends LongRunning {
  /** Most tokens in one packed batch, a longer query alone; 2048 if absent. No number depends on it. */
  readonly tokenBudget?: number | undefined;
  /** How many of the likeliest tokens after the prompt each probe records; none if absent. */
  readonly nextTokens?: number | undefined;
  /** Makes the arrays of h and m, of so many elements, so that they may be shared memory; a learner need not call it. */
  readonly allocate?: ((length: number) => Float32Array) | undefined;
}

/** How `probe` probes. */
export interface ProbeOptions extends BatchOptions {
  /** The built-in learners and what `fineTune` gives take `prompt` where it is absent; `icl-gd run` takes `label`. */
  readonly probeToken: ProbeToken;
}

/** How `probeTokens` probes. */
export interface ProbeTokensOptions extends BatchOptions {
  /** Each at most once. */
  readonly probeTokens: readonly ProbeToken[];
}

/** What is recorded of one query at the probed token, in every layer (arXiv 2311.07772v4). */
export interface Probe {
  /** h: the attention block's output after its output projection, before the residual is added. float32 [L, d]. */
  readonly attentionOutput: Float32Array;
  /** m: attention scores (scaled q·k) before the softmax towards the query's own tokens. float32 [L, H, queryLength]. */
  readonly attentionScores: Float32Array;
  /** Tokens of the query up to the probed one, without BOS and context. */
  readonly queryLength: number;
  /** Mean log-probability of each option's tokens, nats a token, in class order. */
  readonly optionLogProbs: readonly number[];
  /**
   * The likeliest tokens directly after the prompt, whichever token is probed: as many as `nextTokens` asks for, or the
   * vocabulary has. Absent where they were not asked for, or the learner does not give them.
   */
  readonly nextTokens?: TopTokens;
}

/** What a training step reports, one entry a layer in each list. */
export interface TrainingStep {
  /** l2 norm of the gradient of the mean loss with respect to the layer's key and value weights and biases. */
  readonly gradientNorms: readonly number[];
  /** Nats a predicted token, before the step. GD: the loss at the output, repeated; LCGD: each layer's own. */
  readonly losses: readonly number[];
  /** Gradient norms by the released code's definition, if asked for; see `FineTuningStep`. */
  readonly releasedGradientNorms?: readonly number[];
  /** Gradient norms under every definition that Figure 4 of the paper may have, if asked for. */
  readonly gradientNormVariants?: readonly GradientNormVariant[];
}

/** What a learner has to give: a model after it has taken in the demonstrations. */
export interface LearnerResult {
  /**
   * One probe a query, in their order.
   * @throws DivergedError if anything recorded is not finite; as `Model.evaluate`
   */
  probe(queries: readonly Query[], options: ProbeOptions): Promise<Probe[]>;
  /** Probes several tokens in the same forward passes: bit for bit what `probe` gives for each. @throws as `probe` */
  probeTokens(
    queries: readonly Query[],
    options: ProbeTokensOptions,
  ): Promise<ReadonlyMap<ProbeToken, Probe[]>>;
  /** One entry a step, of learners that train. */
  readonly training?: readonly TrainingStep[];
  /** What stands before every query, of learners that put demonstrations into the context. */
  readonly context?: { readonly demonstrations: number; readonly tokens: readonly number[] };
  /**
   * Probes are no model's: h is h of zero-shot + s·b, m likewise, with b a direction and s one scale for all examples, layers and
   * heads, such that s·b is about as long as h. Nothing is predicted (`optionLogProbs` are those of zero-shot) and the length
   * of an update means nothing.
   */
  readonly directionsOnly?: true;
  /**
   * Of learners that change weights: those of a layer (from 0) that they changed, before and after, as float32 arrays, whatever
   * `halfWeights` says. A large model's are large: 33 MB a layer, before and after, for keys and values of the 1.3B model.
   * @throws as `parameterChanges`; RangeError once it was disposed
   */
  weightChanges?(layer: number): Promise<ParameterChange[]>;
  /**
   * How the probed token of each query attends to tokens of demonstrations, as scores before a softmax over them, in every
   * layer: float32 [L, T] a query, T the tokens of the demonstrations without BOS and EOS, in their order. In context: attention
   * scores, summed over heads. Of learners that train (with `keepTrainingQueries`): inner products of the probed token's query
   * vector and those of the demonstrations' tokens while they were trained on, both scaled as attention scales queries. The
   * numbers may be infinite or NaN where the model overflows.
   * @throws as `Model.evaluate`
   */
  attentionToDemonstrations?(queries: readonly Query[], options: ProbeOptions): Promise<Float32Array[]>;
  /** Frees what taking in the demonstrations made; the base model stays. */
  dispose(): void;
}

/**
 * What `fineTune` and the built-in learners give: a {@link LearnerResult} that knows the default probe token (`prompt`), and
 * that belongs into a `using` declaration. It is not to be probed after it was disposed (RangeError); disposing it twice is
 * fine.
 */
export interface AdaptedModel extends LearnerResult, Disposable {
  /** As {@link LearnerResult.probe}; at the last token of the prompt if nothing else is said. */
  probe(queries: readonly Query[], options?: Partial<ProbeOptions>): Promise<Probe[]>;
}

/** What a learner can be told beside {@link AdaptOptions}: plain values by name. */
export type LearnerOptions = Readonly<Record<string, string | number | boolean>>;

/**
 * A schema of options: a zod object, of whatever copy and version of zod 4. What is read of it is here, so that a learner's
 * author need not have the same zod as this package.
 */
export interface LearnerOptionsSchema<Options = unknown> {
  /** A schema by name of an option. */
  readonly shape: Readonly<Record<string, unknown>>;
  /** The same schema, which refuses other names. */
  strict(): {
    /** @throws an error with `issues`, each with `path` and `message` */
    parse(typed: unknown): Options;
  };
  /** The options, or what is wrong with them. */
  safeParse(typed: unknown):
    | { readonly success: true; readonly data: Options }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

/** How demonstrations are taken in. A signal ends it after a step; progress is in demonstrations taken in. */
export interface AdaptOptions<Options extends LearnerOptions = LearnerOptions> extends LongRunning {
  /** Constant step size; learners that train need it. */
  readonly learningRate?: number;
  /** Whether training also reports the released code's gradient norms; costs about half a step more. No if absent. */
  readonly releasedNorms?: boolean;
  /** Whether training also reports the gradient norms under every definition; costs as much, and twice the memory. */
  readonly gradientNormVariants?: boolean;
  /**
   * Whether the model is probed with the changed weights rounded to float16, as in mixed-precision training; the training
   * itself is float32. No if absent.
   */
  readonly halfWeights?: boolean;
  /** The learner's own, see {@link Learner.options}; defaults where absent. */
  readonly learnerOptions?: Partial<Options>;
  /** Of learners that draw: the same seed gives the same numbers. 0 if absent. */
  readonly seed?: number;
  /**
   * Places from 0 of demonstrations whose tokens' query vectors are kept while they are trained on, for
   * `attentionToDemonstrations`; only of learners that can, see `keepsTrainingQueries`. They stay on the device with the
   * adapted model, in the order of training.
   */
  readonly keepTrainingQueries?: readonly number[] | undefined;
  /**
   * Called after each training step, by learners that train, with what it reports and its place from 0 on: `training`, as it
   * comes. The device is read from at each step then.
   */
  readonly onStep?: ((step: TrainingStep, place: number) => void) | undefined;
}

/** What a run has to know of a learner, and may depend on its options. */
export interface LearnerTraits {
  /** Demonstrations that it takes in: none, those that the context window has room for, or all k. */
  readonly needs: 'none' | 'context' | 'all';
  /** Whether it takes SGD steps at a rate: it is given `learningRate` then, and reports its training. */
  readonly takesRate: boolean;
  /** Whether its numbers depend on the seed that it is given. */
  readonly draws: boolean;
  /**
   * Whether each step trains on one demonstration, in their order, so that the query vectors that its tokens have then can be kept
   * (`keepTrainingQueries`).
   */
  readonly keepsTrainingQueries: boolean;
  /** What its training allocates, for the memory plan; undefined if it does not train. */
  readonly training: TrainingKind | undefined;
  /** How often it takes in each demonstration while it trains, which its progress counts. */
  readonly passes: number;
  /**
   * Settings with the same text can take their steps together, in one pass over the demonstrations of several cells; undefined if
   * it cannot. Only of learners whose `adapt` is that of GD or LCGD.
   */
  readonly lockstep: string | undefined;
  /** Ids of metrics that do not apply to it; their fields stay empty. */
  readonly inapplicableMetrics: readonly string[];
}

/** A way to take in demonstrations, and what a run has to know of it. */
export interface Learner<
  Options extends LearnerOptions = LearnerOptions,
  Result extends LearnerResult = LearnerResult,
> {
  /** As it stands in the column `method`, without options. */
  readonly id: string;
  /** For people: headings and pages. */
  readonly label: string;
  /** Where it is defined. */
  readonly source: string;
  /** `baseline`: what the others are compared with, ZSL and ICL. */
  readonly role: 'baseline' | 'learner';
  /** Part of the paper's experiment: run by default. */
  readonly paper?: boolean;
  readonly needs: LearnerTraits['needs'];
  /** Where the loss is taken, for learners that take SGD steps: they need a learning rate and report their training. */
  readonly objective?: Objective;
  /** Whether it has copies of the key and value projections of its own; learners that train have. */
  readonly copiesKeyValueWeights?: boolean;
  /**
   * Schema of its own options, each with a default; absent if it has none. Texts as typed are what is parsed; of an option
   * that is typed bare it is the text `true`.
   */
  readonly options?: LearnerOptionsSchema<Options>;
  readonly inapplicableMetrics?: LearnerTraits['inapplicableMetrics'];
  /**
   * What is not as the fields above say (where they say nothing: draws nothing, keeps no queries, one pass) with these options:
   * those that differ from their defaults.
   */
  with?(options: Partial<Options>): Partial<LearnerTraits>;
  /**
   * The given model is not changed and must outlive the adapted one. A learner that takes long looks at `options.signal`
   * (`signal?.throwIfAborted()`) and frees what it has made when it rejects.
   * @throws DivergedError if training stops being finite or the trained weights explode; RangeError or UserError if the
   *   demonstrations do not fit the model or the device
   */
  adapt(
    model: Model,
    demonstrations: readonly Demonstration[],
    options?: AdaptOptions<Options>,
  ): Promise<Result>;
}

/** A loss, a gradient or something recorded is not finite, or trained weights grew beyond all sense. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}
