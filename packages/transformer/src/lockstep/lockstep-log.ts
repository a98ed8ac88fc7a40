import { type Gpu, Resource, type Tensor } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';

/** What a step of all cells writes, a number for each layer and cell. */
const ROWS = ['norms', 'losses'] as const;

type LogRow = (typeof ROWS)[number];

/** What the steps of cells write on the device, read back together. */
export class LockstepLog extends Resource {
  /** float32 [steps, rows, L, C]. */
  readonly tensor: Tensor;
  readonly #layers: number;
  readonly #cells: number;

  /** @throws UserError (`memory-budget`) if the device has no room for it */
  constructor(gpu: Gpu, { layers }: Pick<DecoderConfig, 'layers'>, steps: number, cells: number) {
    super();
    this.#layers = layers;
    this.#cells = cells;
    this.tensor = gpu.tensor([steps, ROWS.length, layers, cells], { label: 'lockstep log' });
  }

  /** The first cell's element; the others follow it. */
  index(step: number, row: LogRow, layer = 0): number {
    return ((step * ROWS.length + ROWS.indexOf(row)) * this.#layers + layer) * this.#cells;
  }

  /** A cell's numbers, by layer, of what was read of the tensor. */
  row(values: Float32Array, step: number, row: LogRow, cell: number): number[] {
    return Array.from(
      { length: this.#layers },
      (_, layer) => values[this.index(step, row, layer) + cell] as number,
    );
  }

  /** Gives the tensor back; a second call does nothing. */
  dispose(): void {
    this.tensor.dispose();
  }
}
