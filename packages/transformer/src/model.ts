import { type Gpu, refuseMisspelt, requireOneOf } from '@icl-gd/gpu-kernels';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { readJsonFile } from './checkpoint/json-file.ts';
import { ADAPTER_FILES, insteadOfWeights } from './checkpoint/weight-files.ts';
import type { DecoderConfig } from './config.ts';
import {
  type EvaluationRequest,
  type EvaluationResult,
  readEvaluation,
  recordEvaluation,
  requireRequests,
} from './decoder/evaluate.ts';
import type { Gradients } from './decoder/gradients.ts';
import type { Hooks } from './decoder/hooks.ts';
import { recordNextTokenLogits } from './decoder/next-token-logits.ts';
import { type ModuleGroups, Pass } from './decoder/pass.ts';
import { withPositions } from './decoder/positions.ts';
import { type ContextPrefix, recordPrefix } from './decoder/prefix.ts';
import {
  type QueryScoreRequest,
  type ScoredVectors,
  prefixOf,
  readQueryScores,
  recordQueryScores,
  requireScored,
} from './decoder/query-scores.ts';
import type { Family, FamilyOptions } from './families/family.ts';
import { keyWarnings } from './families/keys.ts';
import { UserError } from './errors.ts';
import { familyOf } from './families/registry.ts';
import type { LongRunning, Progress } from './long-running.ts';
import { checkConfig, parameterSpecs } from './parameters.ts';
import { MODEL_VARIANTS, type ModelVariant } from './weights/initialise.ts';
import { checkSources, loadParameters } from './weights/load.ts';
import { weightWarnings } from './weights/warnings.ts';
import type { ParameterSet } from './weights/parameter-set.ts';
import { WEIGHT_DTYPES, type WeightDtype } from './weights/storage.ts';
import { elementCount } from './shape.ts';
import { givenSource } from './source/given-source.ts';
import { type ModelSource, hasFile, placeOf } from './source/source.ts';

const CONFIG_FILE = 'config.json';
/** Real ones have a few kilobytes, a few hundred with the labels of a classifier. */
const CONFIG_LIMITS = { bytes: 2 ** 24, depth: 64, values: 1_000_000, keys: 100_000 };

/** What a model's files say before any weight is read. */
export interface ModelDescription {
  /** What the model is called in tables and messages. */
  readonly name: string;
  /** Where its files are, as messages call it: the directory. */
  readonly place: string;
  readonly config: DecoderConfig;
  /** Numbers that all parameters have together; positions that are computed do not count. */
  readonly parameterCount: number;
}

/** How a model is read without its weights: as it would be loaded. */
export type DescribeOptions = Pick<LoadOptions, 'name' | 'families' | 'warn' | 'signal'>;

/** How a model is loaded. */
export interface LoadOptions extends FamilyOptions {
  /** What keeps its trained weights; `trained`, that is all, if absent. */
  readonly variant?: ModelVariant;
  /** Seeds what the variant initialises anew; 0 if absent. */
  readonly seed?: number;
  /** How weights are kept on the device; `float32` if absent. */
  readonly dtype?: WeightDtype;
  /** What the model is called in tables and messages; the source's name if absent: that of the directory. */
  readonly name?: string;
  /** Takes a line about everything in the directory that has no part in the model; see {@link describeModel}. */
  readonly warn?: (line: string) => void;
  /** Ends the loading: it rejects with the signal's reason, and nothing stays on the device. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of weights are read, of all that will be; called for every few megabytes. */
  readonly onProgress?: ((done: Progress) => void) | undefined;
}

/** How sequences are evaluated. */
export interface EvaluateOptions extends Pick<LongRunning, 'signal'> {
  /**
   * By how much the positions of all tokens are shifted, as if so many came before them that nothing attends to; 0 if absent.
   * Absolute positions (learned, sinusoidal) and rotary ones alike: of the latter no number depends on it but by rounding.
   */
  readonly positionOffset?: number;
  /** Makes the arrays that h and m are written to, of so many elements, so that they may be shared memory; new ones if absent. */
  readonly allocate?: ((length: number) => Float32Array) | undefined;
}

const KNOWN_OPTIONS: Required<{ [name in keyof LoadOptions]: true }> = {
  ...{ variant: true, seed: true, dtype: true, name: true, families: true },
  ...{ warn: true, signal: true, onProgress: true },
};

/** A decoder-only language model on a device. Sequences are packed one after another, never padded. */
export class Model implements Disposable {
  readonly gpu: Gpu;
  readonly name: string;
  readonly config: DecoderConfig;
  readonly parameters: ParameterSet;
  #disposed = false;

  /** What sees activations on the way; none unless `withHooks` has put them there. */
  readonly hooks: readonly Hooks[];

  constructor(
    gpu: Gpu,
    name: string,
    config: DecoderConfig,
    parameters: ParameterSet,
    hooks: readonly Hooks[] = [],
  ) {
    this.gpu = gpu;
    this.name = name;
    this.config = config;
    this.parameters = parameters;
    this.hooks = hooks;
  }

  /** The same model with other parameters; disposing it disposes what the given set owns. */
  withParameters(parameters: ParameterSet): Model {
    return new Model(this.gpu, this.name, this.config, parameters, this.hooks);
  }

  /**
   * The same model on a Gpu of the same device with other options: `model.on(model.gpu.with({ … }))`. It shares this
   * model's parameters and owns none of them.
   */
  on(gpu: Gpu): Model {
    return new Model(gpu, this.name, this.config, this.parameters.overlay(new Map()), this.hooks);
  }

  /**
   * The same model with functions that see its activations layer by layer and may change them on the device, after those that
   * it has already: in `evaluate`, `prefix` and `nextTokenLogits`, but it cannot be trained. It shares this model's parameters
   * and owns none of them.
   */
  withHooks(hooks: Hooks): Model {
    const { gpu, name, config, parameters } = this;
    return new Model(gpu, name, config, parameters.overlay(new Map()), [...this.hooks, hooks]);
  }

  /**
   * Keys and values of a context in every layer, computed once for any number of evaluations behind it. Does not wait.
   * @param tokens token ids from BOS on
   * @returns to be disposed by the caller
   * @throws RangeError for no tokens, more than the model's context, or one outside of its vocabulary; UserError if the
   *   device has no room or cannot bind what is needed
   */
  prefix(tokens: readonly number[]): ContextPrefix {
    using pass = passOver(this, [tokens]);
    return recordPrefix(pass);
  }

  /**
   * Evaluates sequences as one packed batch, each behind the prefix if given: the same bits as one at a time. All of its work is
   * given to the device before it returns: call it for the next batch before this one is awaited, and the device never waits.
   * @param options the signal is looked at before the work, and when the device has done it
   * @returns one result a request, in their order
   * @throws the signal's reason if it is aborted; RangeError for a sequence that is empty or past the model's context (where
   *   its positions begin is counted), a token outside of its vocabulary, or a row outside of its sequence; UserError if the device has no room or cannot bind
   *   what is needed; Error if the device failed
   */
  async evaluate(
    requests: readonly EvaluationRequest[],
    prefix?: ContextPrefix,
    { signal, positionOffset = 0, allocate }: EvaluateOptions = {},
  ): Promise<EvaluationResult[]> {
    signal?.throwIfAborted();
    if (prefix?.disposed) throw new RangeError(`a prefix of ${this.name} that was disposed`);
    if (prefix && !Array.isArray(prefix.layers))
      throw new RangeError(
        'evaluate: the second argument is a prefix, of model.prefix(); options come third',
      );
    requireRequests(requests);
    if (requests.length === 0) return [];
    let reading: Promise<EvaluationResult[]>;
    {
      using pass = passOver(
        this,
        requests.map(({ tokens }) => tokens),
        { prefixLength: prefix?.length ?? 0, positionOffset },
      );
      // What is read is copied as the device comes to it: the next evaluation may have the pass's memory at once.
      reading = readEvaluation(pass, requests, recordEvaluation(pass, requests, prefix), allocate);
    }
    const results = await reading;
    signal?.throwIfAborted();
    return results;
  }

  /**
   * How the query vectors of single tokens go with those of other tokens, in every layer: inner products summed over heads.
   * The device computes them, so that no vector of a long text is read from it.
   * @param requests the row of each sequence whose query is meant; one packed batch, the same bits as one at a time
   * @param towards a prefix: attention scores before the softmax towards its tokens, scaled, not masked by windows, of
   *   sequences behind it; {@link KeptQueries}: inner products with their query vectors, both sides scaled as attention scales
   *   queries, of sequences from BOS on
   * @returns float32 [L, N] for each request, N the tokens of `towards`
   * @throws as {@link evaluate}; RangeError for queries that were to be kept and are not there
   */
  async scoreQueries(
    requests: readonly QueryScoreRequest[],
    towards: ScoredVectors,
    { signal }: Pick<LongRunning, 'signal'> = {},
  ): Promise<Float32Array[]> {
    signal?.throwIfAborted();
    if (towards.disposed) throw new RangeError(`a prefix or kept queries of ${this.name} that were disposed`);
    requireScored(requests, towards);
    if (requests.length === 0) return [];
    const { attentionScale: scale } = this.config;
    const prefix = prefixOf(towards);
    using pass = passOver(
      this,
      requests.map(({ tokens }) => tokens),
      { prefixLength: prefix?.length ?? 0 },
    );
    const scores = recordQueryScores(pass, requests, towards);
    const results = await readQueryScores(pass, requests, scores, prefix ? scale : scale ** 2);
    signal?.throwIfAborted();
    return results;
  }

  /**
   * Logits of the token after a sequence.
   * @param tokens token ids from BOS on
   * @returns float32 [V]
   * @throws as {@link evaluate}
   */
  async nextTokenLogits(
    tokens: readonly number[],
    { signal }: Pick<LongRunning, 'signal'> = {},
  ): Promise<Float32Array> {
    signal?.throwIfAborted();
    using pass = passOver(this, [tokens]);
    const logits = await this.gpu.read(recordNextTokenLogits(pass));
    signal?.throwIfAborted();
    return logits;
  }

  /** Frees the parameters that this model owns; a second time it does nothing. The model is not to be used afterwards. */
  dispose(): void {
    this.#disposed = true;
    this.parameters.dispose();
  }

  /** Whether what it owns is gone. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Begins a pass of sequences through a model that is not disposed.
 * @throws RangeError for a sequence that is empty or past the model's context, a token outside of its vocabulary, or gradients
 *   of a model with hooks
 */
export function passOver(
  model: Model,
  sequences: readonly (readonly number[])[],
  options: {
    readonly prefixLength?: number;
    readonly positionOffset?: number;
    readonly gradients?: Gradients;
    readonly groups?: ModuleGroups | undefined;
  } = {},
): Pass {
  const { gpu, name, config, parameters, hooks } = model;
  if (model.disposed) throw new RangeError(`model ${name} was disposed`);
  if (options.gradients && hooks.length > 0)
    throw new RangeError(`${name} has hooks, which gradients do not pass through: train it without them`);
  const { prefixLength = 0, positionOffset = 0 } = options;
  if (!Number.isInteger(positionOffset) || positionOffset < 0)
    throw new RangeError(`positionOffset is ${String(positionOffset)}, not a number of positions`);
  for (const tokens of sequences) requireSequence(model, tokens, { prefixLength, positionOffset });
  return Pass.over({ gpu, config, parameters, sequences, hooks, ...options });
}

/** @throws RangeError for what is no list of tokens of the vocabulary, or does not fit the model's context from where it begins */
export function requireSequence(
  { name, config: { vocabSize, contextLength } }: Pick<Model, 'name' | 'config'>,
  tokens: readonly number[],
  { prefixLength = 0, positionOffset = 0 } = {},
): void {
  if (!Array.isArray(tokens) && !ArrayBuffer.isView(tokens))
    throw new RangeError(`a sequence is ${typeof tokens}, not a list of token ids`);
  const length = prefixLength + tokens.length;
  if (tokens.length === 0) throw new RangeError('a sequence needs a token or more');
  if (positionOffset + length > contextLength)
    throw new RangeError(
      `a sequence of ${length} tokens${positionOffset > 0 ? ` from position ${positionOffset} on` : ''} does not fit ${name}'s context of ${contextLength}`,
    );
  const bad = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabSize);
  if (bad !== undefined) throw new RangeError(`token ${bad} is outside ${name}'s vocabulary of ${vocabSize}`);
}

/**
 * Reads config.json and the checkpoint's headers, no weights, no device.
 * @param from as for {@link loadModel}
 * @param options as for {@link loadModel}; `warn` takes a line about everything in the directory that has no part in the
 *   model: keys of config.json that are not known, tensors and adapters that are not used
 * @throws UserError naming file and key or tensor if there is no model that can be loaded
 */
export async function describeModel(
  from: string | ModelSource,
  options: DescribeOptions = {},
): Promise<ModelDescription> {
  const { source, config, checkpoint } = await openModel(from, options);
  await checkpoint.close();
  const parameterCount = parameterSpecs(config).reduce((total, { shape }) => total + elementCount(shape), 0);
  return { name: options.name ?? source.name, place: placeOf(source, ''), config, parameterCount };
}

/**
 * Loads a model in Hugging Face layout onto a device.
 * @param from where its files are. A text is, in Node, a directory, or else a hub id (`owner/name`, `name`, either with
 *   `@revision`) that is downloaded to the cache as {@link resolveModel} does; in a browser a folder on a web server if it
 *   begins with `/`, `./`, `../`, `http://` or `https://`, else a hub id whose files are read from the hub
 * @returns to be disposed by the caller
 * @throws UserError naming file and key or tensor for anything wrong with the files, or if a weight is too large for
 *   the device (`buffer-limit`, `memory-budget`) or for float16 (`float16-range`); RangeError for options that there are not
 */
export async function loadModel(
  gpu: Gpu,
  from: string | ModelSource,
  options: LoadOptions = {},
): Promise<Model> {
  const { variant = 'trained', seed = 0, dtype = 'float32', signal, onProgress } = options;
  if (typeof gpu?.tensor !== 'function')
    throw new RangeError('loadModel needs a Gpu first: acquireGpu() gives one');
  requireOneOf('variant', variant, MODEL_VARIANTS);
  requireOneOf('dtype', dtype, WEIGHT_DTYPES);
  const { source, family, config, checkpoint } = await openModel(from, options);
  try {
    const stored = await loadParameters(gpu, checkpoint, family, config, {
      ...{ variant, seed, dtype, signal, onProgress },
    });
    return new Model(gpu, options.name ?? source.name, config, withPositions(gpu, config, stored));
  } finally {
    await checkpoint.close();
  }
}

interface OpenedModel {
  readonly source: ModelSource;
  readonly family: Family;
  readonly config: DecoderConfig;
  /** Has a tensor of the right shape for every parameter. */
  readonly checkpoint: Checkpoint;
}

/** Reads what precedes the weights. */
async function openModel(from: string | ModelSource, options: DescribeOptions): Promise<OpenedModel> {
  refuseMisspelt('loading a model', options, KNOWN_OPTIONS);
  const { warn, signal } = options;
  const source = await givenSource(from, { warn, signal });
  const { family, config } = await readConfig(source, options);
  const checkpoint = await Checkpoint.open(source, { signal });
  checkSources(checkpoint, family, config);
  if (warn) for (const line of await weightWarnings(checkpoint, family, config)) warn(line);
  return { source, family, config, checkpoint };
}

/** @throws UserError if there is an adapter and no model */
async function checkNoAdapter(source: ModelSource, signal: AbortSignal | undefined): Promise<void> {
  if (await hasFile(source, CONFIG_FILE, signal)) return;
  for (const file of ADAPTER_FILES)
    if (await hasFile(source, file, signal))
      throw new UserError(
        `${placeOf(source, CONFIG_FILE)}: there is no model configuration; ${insteadOfWeights([file])}`,
      );
}

async function readConfig(
  source: ModelSource,
  { warn, signal, families }: DescribeOptions,
): Promise<{ family: Family; config: DecoderConfig }> {
  const file = placeOf(source, CONFIG_FILE);
  await checkNoAdapter(source, signal);
  const json = await readJsonFile(source, CONFIG_FILE, 'model configuration', {
    limits: CONFIG_LIMITS,
    signal,
  });
  const family = familyOf(json, file, families);
  const config = family.readConfig(json, file);
  if (warn)
    for (const line of keyWarnings(family, json as Readonly<Record<string, unknown>>, file)) warn(line);
  return { family, config: checkConfig(config, file) };
}
