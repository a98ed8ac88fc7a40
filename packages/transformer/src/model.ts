import { basename, join, resolve } from 'node:path';
import type { Gpu } from '@icl-gd/gpu-kernels';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { fileExists } from './checkpoint/files.ts';
import { readJsonFile } from './checkpoint/json-file.ts';
import { ADAPTER_FILES, insteadOfWeights } from './checkpoint/weight-files.ts';
import type { DecoderConfig } from './config.ts';
import {
  type EvaluationRequest,
  type EvaluationResult,
  readEvaluation,
  recordEvaluation,
} from './decoder/evaluate.ts';
import type { Gradients } from './decoder/gradients.ts';
import type { Hooks } from './decoder/hooks.ts';
import { recordNextTokenLogits } from './decoder/next-token-logits.ts';
import { Pass } from './decoder/pass.ts';
import { withPositions } from './decoder/positions.ts';
import { type ContextPrefix, recordPrefix } from './decoder/prefix.ts';
import type { Family, FamilyOptions } from './families/family.ts';
import { keyWarnings } from './families/keys.ts';
import { UserError } from './errors.ts';
import { familyOf } from './families/registry.ts';
import { checkConfig, parameterSpecs } from './parameters.ts';
import type { ModelVariant } from './weights/initialise.ts';
import { checkSources, loadParameters } from './weights/load.ts';
import { weightWarnings } from './weights/warnings.ts';
import type { ParameterSet } from './weights/parameter-set.ts';
import type { WeightDtype } from './weights/storage.ts';
import { elementCount } from './shape.ts';

/** Real ones have a few kilobytes, a few hundred with the labels of a classifier. */
const CONFIG_LIMITS = { bytes: 2 ** 24, depth: 64, values: 1_000_000, keys: 100_000 };

/** What a model directory says before any weight is read. */
export interface ModelDescription {
  /** What the model is called in tables and messages. */
  readonly name: string;
  readonly directory: string;
  readonly config: DecoderConfig;
  /** Numbers that all parameters have together; positions that are computed do not count. */
  readonly parameterCount: number;
}

/** How a model is loaded. */
export interface LoadOptions extends FamilyOptions {
  /** What keeps its trained weights; `trained`, that is all, if absent. */
  readonly variant?: ModelVariant;
  /** Seeds what the variant initialises anew; 0 if absent. */
  readonly seed?: number;
  /** How weights are kept on the device; `float32` if absent. */
  readonly dtype?: WeightDtype;
  /** What the model is called in tables and messages; the directory's name if absent. */
  readonly name?: string;
  /** Takes a line about everything in the directory that has no part in the model; see {@link describeModel}. */
  readonly warn?: (line: string) => void;
}

/** A decoder-only language model on a device. Sequences are packed one after another, never padded. */
export class Model implements Disposable {
  readonly gpu: Gpu;
  readonly name: string;
  readonly config: DecoderConfig;
  readonly parameters: ParameterSet;

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
   * Evaluates sequences as one packed batch, each behind the prefix if given: the same bits as one at a time.
   * @returns one result a request, in their order
   * @throws RangeError for a sequence that is empty or past the model's context, or a token outside of its vocabulary;
   *   UserError if the device has no room or cannot bind what is needed; Error if the device failed
   */
  async evaluate(
    requests: readonly EvaluationRequest[],
    prefix?: ContextPrefix,
  ): Promise<EvaluationResult[]> {
    if (requests.length === 0) return [];
    using pass = passOver(
      this,
      requests.map(({ tokens }) => tokens),
      { prefixLength: prefix?.length ?? 0 },
    );
    return await readEvaluation(pass, requests, recordEvaluation(pass, requests, prefix));
  }

  /**
   * Logits of the token after a sequence.
   * @param tokens token ids from BOS on
   * @returns float32 [V]
   * @throws as {@link evaluate}
   */
  async nextTokenLogits(tokens: readonly number[]): Promise<Float32Array> {
    using pass = passOver(this, [tokens]);
    return await this.gpu.read(recordNextTokenLogits(pass));
  }

  /** Frees the parameters that this model owns. */
  dispose(): void {
    this.parameters.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Begins a pass of sequences through a model.
 * @throws RangeError for a sequence that is empty or past the model's context, a token outside of its vocabulary, or gradients
 *   of a model with hooks
 */
export function passOver(
  { gpu, name, config, parameters, hooks }: Model,
  sequences: readonly (readonly number[])[],
  options: { readonly prefixLength?: number; readonly gradients?: Gradients } = {},
): Pass {
  const { vocabSize, contextLength } = config;
  if (options.gradients && hooks.length > 0)
    throw new RangeError(`${name} has hooks, which gradients do not pass through: train it without them`);
  for (const tokens of sequences) {
    const length = (options.prefixLength ?? 0) + tokens.length;
    if (tokens.length === 0) throw new RangeError('a sequence needs a token or more');
    if (length > contextLength)
      throw new RangeError(
        `a sequence of ${length} tokens does not fit ${name}'s context of ${contextLength}`,
      );
    const bad = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabSize);
    if (bad !== undefined)
      throw new RangeError(`token ${bad} is outside ${name}'s vocabulary of ${vocabSize}`);
  }
  return Pass.over({ gpu, config, parameters, sequences, hooks, ...options });
}

/**
 * Reads config.json and the checkpoint's headers, no weights, no device.
 * @param name what the model is called in tables and messages; the directory's name if absent
 * @param warn takes a line about everything in the directory that has no part in the model: keys of config.json that are
 *   not known, tensors and adapters that are not used
 * @throws UserError naming file and key or tensor if there is no model in the directory that can be loaded
 */
export async function describeModel(
  directory: string,
  name?: string,
  warn?: (line: string) => void,
  { families }: FamilyOptions = {},
): Promise<ModelDescription> {
  const { family, config } = await readConfig(directory, warn, families);
  const checkpoint = await Checkpoint.open(directory);
  try {
    checkSources(checkpoint, family, config);
    if (warn) for (const line of await weightWarnings(checkpoint, family, config)) warn(line);
  } finally {
    await checkpoint.close();
  }
  const parameterCount = parameterSpecs(config).reduce((total, { shape }) => total + elementCount(shape), 0);
  return { name: name ?? basename(resolve(directory)), directory, config, parameterCount };
}

/**
 * Loads a Hugging Face model directory onto a device.
 * @returns to be disposed by the caller
 * @throws UserError naming file and key or tensor for anything wrong with the directory, or if a weight is too large for
 *   the device (`buffer-limit`, `memory-budget`) or for float16 (`float16-range`)
 */
export async function loadModel(gpu: Gpu, directory: string, options: LoadOptions = {}): Promise<Model> {
  const { warn } = options;
  const { family, config } = await readConfig(directory, warn, options.families);
  const checkpoint = await Checkpoint.open(directory);
  try {
    checkSources(checkpoint, family, config);
    if (warn) for (const line of await weightWarnings(checkpoint, family, config)) warn(line);
    const stored = await loadParameters(gpu, checkpoint, family, config, {
      variant: options.variant ?? 'trained',
      seed: options.seed ?? 0,
      dtype: options.dtype ?? 'float32',
    });
    const name = options.name ?? basename(resolve(directory));
    return new Model(gpu, name, config, withPositions(gpu, config, stored));
  } finally {
    await checkpoint.close();
  }
}

/** @throws UserError if there is an adapter and no model */
async function checkNoAdapter(directory: string, configFile: string): Promise<void> {
  if (await fileExists(configFile)) return;
  for (const file of ADAPTER_FILES)
    if (await fileExists(join(directory, file)))
      throw new UserError(`${configFile}: there is no model configuration; ${insteadOfWeights([file])}`);
}

async function readConfig(
  directory: string,
  warn?: (line: string) => void,
  families?: readonly Family[],
): Promise<{ family: Family; config: DecoderConfig }> {
  const file = join(directory, 'config.json');
  await checkNoAdapter(directory, file);
  const json = await readJsonFile(file, 'model configuration', CONFIG_LIMITS);
  const family = familyOf(json, file, families);
  const config = family.readConfig(json, file);
  if (warn)
    for (const line of keyWarnings(family, json as Readonly<Record<string, unknown>>, file)) warn(line);
  return { family, config: checkConfig(config, file) };
}
