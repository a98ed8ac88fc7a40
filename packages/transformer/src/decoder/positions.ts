import { type Gpu, type Tensor, rotaryTable } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import type { ParameterSet } from '../weights/parameter-set.ts';
import { rotaryFrequencies } from './rotary-frequencies.ts';

/** Name of the table of positions beside the parameters: learned rows, sinusoidal rows, or rotary angles. */
export const POSITION_TABLE = 'embedding.positions';

/**
 * The table of positions on the device, not yet filled, where the model has one that is no parameter.
 * @returns sinusoidal: [contextLength + offset, d]; rotary: [contextLength, size / 2, 2]; undefined for learned positions
 */
export function positionTable(
  gpu: Gpu,
  { positions, contextLength, dModel }: DecoderConfig,
): Tensor | undefined {
  if (positions.kind === 'learned') return undefined;
  const rows = contextLength + positions.offset;
  const shape = positions.kind === 'rotary' ? [rows, positions.size / 2, 2] : [rows, dModel];
  return gpu.tensor(shape, { label: POSITION_TABLE, exact: true });
}

/** The set with the table of sinusoidal or rotary positions, where the model has one that is no parameter. */
export function withPositions(gpu: Gpu, config: DecoderConfig, stored: ParameterSet): ParameterSet {
  let table: Tensor | undefined;
  try {
    // First the tensor: a context too long for the adapter is refused before its table is computed.
    table = positionTable(gpu, config);
  } catch (error) {
    stored.dispose();
    throw error;
  }
  if (!table) return stored;
  gpu.write(table, positionValues(config));
  return stored.with(POSITION_TABLE, table);
}

/** What {@link positionTable} holds, computed in float64. */
function positionValues({ positions, contextLength, dModel }: DecoderConfig): Float32Array {
  const rows = contextLength + positions.offset;
  if (positions.kind !== 'rotary') return sinusoidalTable(rows, dModel);
  const { frequencies, amplitude } = rotaryFrequencies(positions);
  return rotaryTable(rows, frequencies, amplitude);
}

/**
 * fairseq's sinusoidal position table in float32, computed in float64: sines in the first half of a row, cosines in the
 * second, frequencies 10000^(-i / (half - 1)).
 * @returns [rows, d] row-major
 */
function sinusoidalTable(rows: number, dModel: number): Float32Array {
  const half = Math.floor(dModel / 2);
  const table = new Float32Array(rows * dModel);
  for (let i = 0; i < half; i++) {
    const frequency = Math.exp((-Math.log(10000) * i) / (half - 1));
    for (let row = 0; row < rows; row++) {
      table[row * dModel + i] = Math.sin(row * frequency);
      table[row * dModel + half + i] = Math.cos(row * frequency);
    }
  }
  return table;
}
