import type { Probe } from '@icl-gd/methods';
import { type DecoderConfig, type NamedTensor, readSafetensors, writeSafetensors } from '@icl-gd/transformer';
import type { PredictionRecord } from './record.ts';

interface ProbeShape {
  readonly config: Pick<DecoderConfig, 'layers' | 'heads' | 'dModel'>;
  /** Row of the evaluated split of each probe. */
  readonly validationRows: readonly number[];
}

export interface ProbeWrite extends ProbeShape {
  /** ZSL, ICL or a learner. */
  readonly setting: string;
  readonly probes: readonly Probe[];
}

export interface ProbeRead extends ProbeShape {
  /** Of the same examples: their log-probabilities are kept in the record. */
  readonly predictions: readonly PredictionRecord[];
}

const OUTPUTS = 'attention_output';
const scoresOf = (row: number): string => `attention_logits.${row}`;

/**
 * Writes probes of one setting, float32: `attention_output` [examples, layers, d_model] (h) and `attention_logits.<row>`
 * [layers, heads, query length] (m, before softmax), row = row of the evaluated split.
 */
export async function writeProbes(
  path: string,
  { setting, config: { layers, heads, dModel }, validationRows, probes }: ProbeWrite,
): Promise<void> {
  const outputs = new Float32Array(probes.length * layers * dModel);
  for (const [i, { attentionOutput }] of probes.entries()) outputs.set(attentionOutput, i * layers * dModel);
  const tensors: NamedTensor[] = [
    { name: OUTPUTS, shape: [probes.length, layers, dModel], dtype: 'float32', data: outputs },
    ...probes.map((probe, i): NamedTensor => ({
      name: scoresOf(validationRows[i] as number),
      shape: [layers, heads, probe.queryLength],
      dtype: 'float32',
      data: probe.attentionScores,
    })),
  ];
  await writeSafetensors(path, tensors, { setting, validation_rows: validationRows.join(',') });
}

/**
 * Reads back what {@link writeProbes} wrote.
 * @throws UserError or RangeError if the file does not hold these examples
 */
export async function readProbes(
  path: string,
  { config: { layers, heads, dModel }, validationRows, predictions }: ProbeRead,
): Promise<Probe[]> {
  const tensors = await readSafetensors(path);
  const outputs = tensors.get(OUTPUTS)?.data;
  const size = layers * dModel;
  if (outputs?.length !== validationRows.length * size || predictions.length !== validationRows.length)
    throw new RangeError(`${path} does not hold ${validationRows.length} probes`);
  if (!outputs.every(Number.isFinite)) throw new RangeError(`${path}: ${OUTPUTS} is not finite`);
  return validationRows.map((row, i) => {
    const scores = tensors.get(scoresOf(row));
    const queryLength = scores?.shape[2] ?? 0;
    if (scores?.data.length !== layers * heads * queryLength || queryLength === 0)
      throw new RangeError(`${path} lacks ${scoresOf(row)} [${layers}, ${heads}, …]`);
    if (!scores.data.every(Number.isFinite)) throw new RangeError(`${path}: ${scoresOf(row)} is not finite`);
    return {
      attentionOutput: outputs.subarray(i * size, (i + 1) * size),
      attentionScores: scores.data,
      queryLength,
      optionLogProbs: (predictions[i] as PredictionRecord).optionLogProbs,
    };
  });
}
