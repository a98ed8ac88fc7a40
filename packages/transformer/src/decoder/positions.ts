import { type Gpu, type Tensor, rotaryTable } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import type { ComputedPositions, ParameterSet } from '../weights/parameter-set.ts';
import { rotaryFrequencies } from './rotary-frequencies.ts';

/** Name of the table of positions beside the parameters: learned rows, sinusoidal rows, or rotary angles. */
export const POSITION_TABLE = 'embedding.positions';

/** A computed table has a multiple of so many rows, unless it is whole. */
const ROWS = 4096;

/**
 * The table of positions that are computed (sinusoidal or rotary), as long as the longest sequence that was asked for: a
 * context of a million tokens that nothing fills takes no memory, and binds nothing.
 */
export class PositionTable implements ComputedPositions {
  readonly #gpu: Gpu;
  readonly #config: DecoderConfig;
  readonly #filled: boolean;
  #table: Tensor | undefined;

  /** @param filled false for one that only counts: its contents are never read */
  constructor(gpu: Gpu, config: DecoderConfig, filled = true) {
    this.#gpu = gpu;
    this.#config = config;
    this.#filled = filled;
    this.#table = this.#make(ROWS);
  }

  /**
   * The table with so many rows or more; valid until more are asked for.
   * @returns sinusoidal: [rows, d]; rotary: [rows, size / 2, 2]
   * @throws UserError if the device has no room for it
   */
  atLeast(rows: number): Tensor {
    if (this.#table && rows <= (this.#table.shape[0] as number)) return this.#table;
    // First: work that was recorded with it comes before whatever takes its place.
    this[Symbol.dispose]();
    this.#table = this.#make(rows);
    return this.#table;
  }

  #make(atLeast: number): Tensor {
    const { positions, contextLength, dModel } = this.#config;
    const rows = Math.min(Math.ceil(atLeast / ROWS) * ROWS, contextLength + positions.offset);
    const shape = positions.kind === 'rotary' ? [rows, positions.size / 2, 2] : [rows, dModel];
    const table = this.#gpu.tensor(shape, { label: POSITION_TABLE, exact: true });
    if (this.#filled) this.#gpu.write(table, positionValues(this.#config, rows));
    return table;
  }

  /** Frees the table. */
  [Symbol.dispose](): void {
    this.#table?.dispose();
    this.#table = undefined;
  }
}

/**
 * The set with a table of positions, where the model computes them.
 * @param filled false for one that only counts
 */
export function withPositions(
  gpu: Gpu,
  config: DecoderConfig,
  stored: ParameterSet,
  filled = true,
): ParameterSet {
  if (config.positions.kind === 'learned') return stored;
  try {
    return stored.withPositions(new PositionTable(gpu, config, filled));
  } catch (error) {
    stored.dispose();
    throw error;
  }
}

/** The first rows of the table, computed in float64. */
function positionValues({ positions, dModel }: DecoderConfig, rows: number): Float32Array {
  if (positions.kind === 'rotary') {
    const { frequencies, amplitude } = rotaryFrequencies(positions);
    return rotaryTable(rows, frequencies, amplitude);
  }
  const table = sinusoidalTable(rows, dModel);
  const zeroRow = positions.kind === 'sinusoidal' ? positions.zeroRow : undefined;
  if (zeroRow !== undefined) table.fill(0, zeroRow * dModel, (zeroRow + 1) * dModel);
  return table;
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
