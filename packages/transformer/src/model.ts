import { basename, join, resolve } from 'node:path';
import { type Gpu, type Tensor, rotaryTable } from '@icl-gd/gpu-kernels';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { readJsonFile } from './checkpoint/json-file.ts';
import type { DecoderConfig } from './config.ts';
import { Batch } from './decoder/batch.ts';
import { decoderContext } from './decoder/context.ts';
import { POSITION_TABLE } from './decoder/embedding.ts';
import {
  type ContextPrefix,
  type EvaluationRequest,
  type EvaluationResult,
  computePrefix,
  evaluateBatch,
} from './decoder/evaluate.ts';
import { nextTokenLogits } from './decoder/next-token-logits.ts';
import { sinusoidalTable } from './decoder/positions.ts';
import { rotaryFrequencies } from './decoder/rotary-frequencies.ts';
import type { Family } from './families/family.ts';
import { familyOf } from './families/registry.ts';
import { checkConfig, parameterSpecs } from './parameters.ts';
import type { ModelVariant } from './weights/initialise.ts';
import { checkSources, loadParameters } from './weights/load.ts';
import { ParameterSet } from './weights/parameter-set.ts';
import type { WeightDtype } from './weights/storage.ts';

/** What a model directory says before any weight is read. */
export interface ModelDescription {
  readonly name: string;
  readonly directory: string;
  readonly config: DecoderConfig;
  readonly parameterCount: number;
}

export interface LoadOptions {
  readonly variant?: ModelVariant;
  /** Seeds the re-initialisation of variants. */
  readonly seed?: number;
  /** How weights are kept on the device; `float32` if absent. */
  readonly dtype?: WeightDtype;
  /** What the model is called in tables and messages; the directory's name if absent. */
  readonly name?: string;
}

/** A decoder-only language model on a device. Sequences are packed; nothing here is padded. */
export class Model implements Disposable {
  readonly gpu: Gpu;
  readonly name: string;
  readonly config: DecoderConfig;
  readonly parameters: ParameterSet;

  constructor(gpu: Gpu, name: string, config: DecoderConfig, parameters: ParameterSet) {
    this.gpu = gpu;
    this.name = name;
    this.config = config;
    this.parameters = parameters;
  }

  /** The same model with other parameters; it owns only what the given set owns. */
  withParameters(parameters: ParameterSet): Model {
    return new Model(this.gpu, this.name, this.config, parameters);
  }

  /**
   * The same model on a Gpu of the same device with other options: `model.on(model.gpu.with({ … }))`. It shares this
   * model's parameters and owns none of them.
   */
  on(gpu: Gpu): Model {
    return new Model(gpu, this.name, this.config, this.parameters.overlay(new Map()));
  }

  /** Keys and values of a context in every layer, computed once for any number of queries. */
  prefix(tokens: readonly number[]): ContextPrefix {
    this.checkLength(tokens.length);
    using batch = new Batch(this.gpu, [tokens], this.config.positions.offset);
    return computePrefix(decoderContext(this.gpu, this.config, batch), this.parameters);
  }

  /**
   * Evaluates sequences as one packed batch, each behind the prefix if given.
   * @throws RangeError for a sequence past the model's context or a token outside its vocabulary
   */
  async evaluate(
    requests: readonly EvaluationRequest[],
    prefix?: ContextPrefix,
  ): Promise<EvaluationResult[]> {
    if (requests.length === 0) return [];
    const before = prefix?.length ?? 0;
    for (const { tokens } of requests) this.checkLength(before + tokens.length);
    this.#checkTokens(requests.flatMap(({ tokens }) => tokens));
    using batch = new Batch(
      this.gpu,
      requests.map(({ tokens }) => tokens),
      before + this.config.positions.offset,
    );
    return evaluateBatch(decoderContext(this.gpu, this.config, batch), this.parameters, requests, prefix);
  }

  /**
   * Logits of the token that comes after a sequence.
   * @returns float32 [vocabSize]
   * @throws RangeError for a sequence past the model's context or a token outside its vocabulary
   */
  async nextTokenLogits(tokens: readonly number[]): Promise<Float32Array> {
    this.checkLength(tokens.length);
    this.#checkTokens(tokens);
    using batch = new Batch(this.gpu, [tokens], this.config.positions.offset);
    return nextTokenLogits(decoderContext(this.gpu, this.config, batch), this.parameters);
  }

  /** @throws RangeError if a sequence of this many tokens does not fit the model's context */
  checkLength(tokens: number): void {
    if (tokens < 1 || tokens > this.config.contextLength) {
      throw new RangeError(
        `a sequence of ${tokens} tokens does not fit ${this.name}'s context of ${this.config.contextLength}`,
      );
    }
  }

  dispose(): void {
    this.parameters.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkTokens(tokens: readonly number[]): void {
    const bad = tokens.find(
      (token) => !Number.isInteger(token) || token < 0 || token >= this.config.vocabSize,
    );
    if (bad !== undefined)
      throw new RangeError(`token ${bad} is outside ${this.name}'s vocabulary of ${this.config.vocabSize}`);
  }
}

/**
 * Reads config.json and the checkpoint's headers, no weights, no device.
 * @param name what the model is called in tables and messages; the directory's name if absent
 * @throws UserError naming file and key or tensor if the directory cannot become a model
 */
export async function describeModel(directory: string, name?: string): Promise<ModelDescription> {
  const { family, config } = await readConfig(directory);
  const checkpoint = await Checkpoint.open(directory);
  try {
    checkSources(checkpoint, family, config);
  } finally {
    await checkpoint.close();
  }
  const parameterCount = parameterSpecs(config).reduce(
    (total, { shape }) => total + shape.reduce((product, n) => product * n, 1),
    0,
  );
  return { name: name ?? basename(resolve(directory)), directory, config, parameterCount };
}

/**
 * Loads a Hugging Face model directory onto a device.
 * @throws UserError naming file and tensor for anything wrong with the directory
 */
export async function loadModel(gpu: Gpu, directory: string, options: LoadOptions = {}): Promise<Model> {
  const { family, config } = await readConfig(directory);
  const checkpoint = await Checkpoint.open(directory);
  try {
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

async function readConfig(directory: string): Promise<{ family: Family; config: DecoderConfig }> {
  const file = join(directory, 'config.json');
  const json = await readJsonFile(file, 'model configuration');
  const family = familyOf(json, file);
  return { family, config: checkConfig(family.readConfig(json, file), file) };
}

/** The set with the table of sinusoidal or rotary positions, where the model has one that is not a parameter. */
export function withPositions(gpu: Gpu, config: DecoderConfig, stored: ParameterSet): ParameterSet {
  const { positions, dModel } = config;
  if (positions.kind === 'learned') return stored;
  const rows = config.contextLength + positions.offset;
  const rotary = positions.kind === 'rotary';
  let table: Tensor;
  try {
    // First the tensor: a context too long for the adapter is refused before its table is computed.
    table = gpu.tensor(rotary ? [rows, positions.size / 2, 2] : [rows, dModel], {
      label: POSITION_TABLE,
      exact: true,
    });
  } catch (error) {
    stored.dispose();
    throw error;
  }
  if (rotary) {
    const { frequencies, amplitude } = rotaryFrequencies(positions);
    gpu.write(table, rotaryTable(rows, frequencies, amplitude));
  } else {
    gpu.write(table, sinusoidalTable(rows, dModel));
  }
  return stored.with(POSITION_TABLE, table);
}
