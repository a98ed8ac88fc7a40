import type { Gpu, Tensor } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from './config.ts';
import type { FineTuningOptions } from './fine-tuning-options.ts';
import { VARIANT_ROWS, type VariantRow } from './gradient-norm-variants.ts';

/** A row of what a step writes, one number a layer; of the losses there is one for each sequence that a step may take in. */
type LogRow = 'norms' | 'releasedNorms' | 'losses' | VariantRow;

type LogOptions = Pick<FineTuningOptions, 'steps' | 'sequencesPerStep' | 'gradientNormVariants'>;

/** What the steps of a training write on the device, read back together. */
export class TrainingLog implements Disposable {
  /** float32 [steps, rows, L]. */
  readonly tensor: Tensor;
  readonly #layers: number;
  /** Place of each kind of row within a step. */
  readonly #places: ReadonlyMap<LogRow, number>;
  readonly #rowCount: number;

  /** @throws UserError (`memory-budget`) if the device has no room for it */
  constructor(
    gpu: Gpu,
    { layers }: Pick<DecoderConfig, 'layers'>,
    { steps, sequencesPerStep = 1, gradientNormVariants = false }: LogOptions,
  ) {
    const variants = gradientNormVariants ? VARIANT_ROWS : [];
    const first = 2 + sequencesPerStep;
    const rows: readonly LogRow[] = ['norms', 'releasedNorms', 'losses'];
    this.#places = new Map<LogRow, number>([
      ...rows.map((row, place) => [row, place] as const),
      ...variants.map((row, place) => [row, first + place] as const),
    ]);
    this.#rowCount = first + variants.length;
    this.#layers = layers;
    this.tensor = gpu.tensor([steps, this.#rowCount, layers], { label: 'fine-tuning log' });
    // A layer may lack the parameters of a row.
    if (gradientNormVariants) gpu.clear(this.tensor);
  }

  /**
   * First element of a row, which is layer 0's.
   * @param sequence of the losses: whose, within the step
   */
  index(step: number, row: LogRow, sequence = 0): number {
    return (step * this.#rowCount + (this.#places.get(row) as number) + sequence) * this.#layers;
  }

  /** A row, by layer, of what was read of the tensor. */
  row(values: Float32Array, ...of: Parameters<TrainingLog['index']>): number[] {
    const at = this.index(...of);
    return Array.from(values.subarray(at, at + this.#layers));
  }

  [Symbol.dispose](): void {
    this.tensor.dispose();
  }
}
