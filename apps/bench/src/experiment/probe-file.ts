import type { Probe } from '@icl-gd/methods';
import {
  type DecoderConfig,
  type ExactTensor,
  type NamedTensor,
  SafetensorsFile,
  writeSafetensors,
} from '@icl-gd/transformer';
import type { Cell, CellAddress } from './cell.ts';
import { nextTokenTensors, readNextTokens } from './next-tokens.ts';
import type { PredictionRecord, TrainingStepRecord } from './record.ts';

interface ProbeShape {
  readonly config: Pick<DecoderConfig, 'layers' | 'heads' | 'dModel'>;
  /** Row of the evaluated split of each probe. */
  readonly validationRows: readonly number[];
}

export interface ProbeWrite extends ProbeShape {
  readonly probes: readonly Probe[];
  /** The right class of each probe's example. */
  readonly gold: readonly number[];
  /** By step; none where the setting does not train. */
  readonly training: readonly TrainingStepRecord[];
  /** Name of the model, as the tables have it. */
  readonly model: string;
  /** Demonstrations in the context; absent where there is none. */
  readonly demonstrationsInContext?: number | undefined;
  /** Ids of metrics that do not apply to the setting. */
  readonly inapplicableMetrics?: readonly string[] | undefined;
}

export interface ProbeRead extends ProbeShape {
  /** Of the same examples: their log-probabilities are kept in the record. */
  readonly predictions: readonly PredictionRecord[];
}

const OUTPUTS = 'attention_output';
const scoresOf = (row: number): string => `attention_logits.${row}`;

/** Counted up when the layout changes; docs/probe-files.md has it. */
const FORMAT = 'icl-gd probes 2';

/**
 * Writes probes of one setting: `attention_output` [examples, layers, d_model] (h) and `attention_logits.<row>` [layers,
 * heads, query length] (m, before softmax; row = row of the evaluated split) in float32; `option_log_probs` [examples,
 * options] in float64 and `gold` [examples] in int64; `next_tokens` [examples, k] in int64 and `next_token_log_probs` [examples, k]
 * in float32, the likeliest tokens after the prompt; of a setting that trains `training_gradient_norm` and `training_loss`
 * [steps, layers] in float64. The metadata says what it is of.
 */
export async function writeProbes(
  path: string,
  { cell, parts, key }: Pick<CellAddress, 'cell' | 'parts' | 'key'>,
  content: ProbeWrite,
): Promise<void> {
  const { validationRows, probes, gold, training } = content;
  const { layers, heads, dModel } = content.config;
  // One after another: together they are a large array more.
  const outputs = (): Float32Array[] => probes.map(({ attentionOutput }) => attentionOutput);
  const tensors: (NamedTensor | ExactTensor)[] = [
    { name: OUTPUTS, shape: [probes.length, layers, dModel], dtype: 'float32', data: outputs },
    ...probes.map((probe, i): NamedTensor => ({
      name: scoresOf(validationRows[i] as number),
      shape: [layers, heads, probe.queryLength],
      dtype: 'float32',
      data: probe.attentionScores,
    })),
    ...optionTensors(probes),
    ...nextTokenTensors(probes),
    { name: 'gold', shape: [gold.length], dtype: 'int64', data: BigInt64Array.from(gold, BigInt) },
    ...trainingTensors(training),
  ];
  await writeSafetensors(path, tensors, {
    format: FORMAT,
    model: content.model,
    model_digest: parts.environment.model,
    ...cellMetadata(cell),
    key,
    ...{ layers: `${layers}`, heads: `${heads}`, d_model: `${dModel}` },
    validation_rows: validationRows.join(','),
    ...(content.demonstrationsInContext === undefined
      ? {}
      : { demonstrations_in_context: `${content.demonstrationsInContext}` }),
    ...(content.inapplicableMetrics?.length
      ? { inapplicable_metrics: content.inapplicableMetrics.join(',') }
      : {}),
  });
}

/** Of a cell, what does not apply is left out. */
function cellMetadata({ setting, variant, dataset, initSeed, seed, permutation, learningRate, probe }: Cell) {
  return {
    ...{ setting, variant, dataset, probe },
    ...(initSeed === null ? {} : { init_seed: `${initSeed}` }),
    ...(seed === null ? {} : { seed: `${seed}` }),
    ...(permutation === null ? {} : { permutation: `${permutation}` }),
    ...(learningRate === null ? {} : { learning_rate: `${learningRate}` }),
  };
}

/** One tensor where all examples have as many options. */
function optionTensors(probes: readonly Probe[]): ExactTensor[] {
  const options = probes[0]?.optionLogProbs.length ?? 0;
  if (probes.some(({ optionLogProbs }) => optionLogProbs.length !== options)) return [];
  const data = Float64Array.from(probes.flatMap(({ optionLogProbs }) => [...optionLogProbs]));
  return [{ name: 'option_log_probs', shape: [probes.length, options], dtype: 'float64', data }];
}

function trainingTensors(training: readonly TrainingStepRecord[]): ExactTensor[] {
  const layers = training[0]?.losses.length ?? 0;
  if (layers === 0) return [];
  const tensor = (name: string, of: (step: TrainingStepRecord) => readonly number[]): ExactTensor => ({
    name,
    shape: [training.length, layers],
    dtype: 'float64',
    data: Float64Array.from(training.flatMap((step) => [...of(step)])),
  });
  return [
    tensor('training_gradient_norm', ({ gradientNorms }) => gradientNorms),
    tensor('training_loss', ({ losses }) => losses),
  ];
}

/**
 * Reads back what {@link writeProbes} wrote.
 * @throws UserError or RangeError if the file does not hold these examples
 */
export async function readProbes(
  path: string,
  { config: { layers, heads, dModel }, validationRows, predictions }: ProbeRead,
): Promise<Probe[]> {
  const file = await SafetensorsFile.open(path);
  const outputs = await file.read(OUTPUTS);
  const size = layers * dModel;
  if (outputs.length !== validationRows.length * size || predictions.length !== validationRows.length)
    throw new RangeError(`${path} does not hold ${validationRows.length} probes`);
  if (!outputs.every(Number.isFinite)) throw new RangeError(`${path}: ${OUTPUTS} is not finite`);
  const nextTokens = await readNextTokens(file, validationRows.length);
  const probes: Probe[] = [];
  for (const [i, row] of validationRows.entries()) {
    const name = scoresOf(row);
    const attentionScores = await file.read(name);
    const queryLength = file.tensors.get(name)?.shape[2] ?? 0;
    if (attentionScores.length !== layers * heads * queryLength || queryLength === 0)
      throw new RangeError(`${path} lacks ${name} [${layers}, ${heads}, …]`);
    if (!attentionScores.every(Number.isFinite)) throw new RangeError(`${path}: ${name} is not finite`);
    probes.push({
      attentionOutput: outputs.subarray(i * size, (i + 1) * size),
      attentionScores,
      queryLength,
      optionLogProbs: (predictions[i] as PredictionRecord).optionLogProbs,
      ...(nextTokens ? { nextTokens: nextTokens[i] as NonNullable<Probe['nextTokens']> } : {}),
    });
  }
  return probes;
}
