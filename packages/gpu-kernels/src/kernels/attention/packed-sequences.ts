import type { Gpu } from '../../runtime/gpu.ts';
import { Resource } from '../../runtime/resource.ts';
import type { Tensor } from '../../runtime/tensor.ts';

/** Packed sequences cut into blocks of rows that never cross sequences. */
export interface RowBlocks {
  readonly count: number;
  /** uint32 [count, 4]: first row, row count, first and end row of its sequence. */
  readonly table: Tensor;
}

/**
 * Sequences packed one after another ([T, …], no padding), and the tables that kernels find them by, made when they are
 * first asked for. Dispose it, or let `using` do so.
 */
export class PackedSequences extends Resource {
  readonly lengths: readonly number[];
  /** T, of all sequences together. */
  readonly totalTokens: number;
  /** First row of each sequence. */
  readonly starts: readonly number[];
  readonly #gpu: Gpu;
  readonly #blocks = new Map<number, RowBlocks>();
  #startOfRows: Tensor | undefined;

  constructor(gpu: Gpu, lengths: readonly number[]) {
    super();
    let start = 0;
    this.starts = lengths.map((length) => (start += length) - length);
    this.lengths = lengths;
    this.totalTokens = start;
    this.#gpu = gpu;
  }

  /**
   * Blocks of at most `rows` rows.
   * @throws UserError (`memory-budget`) if the table does not fit the device
   */
  blocks(rows: number): RowBlocks {
    let blocks = this.#blocks.get(rows);
    if (!blocks) {
      const table = this.lengths.flatMap((length, i) => {
        const start = this.starts[i] ?? 0;
        return Array.from({ length: Math.ceil(length / rows) }, (_, b) => [
          start + b * rows,
          Math.min(rows, length - b * rows),
          start,
          start + length,
        ]).flat();
      });
      const count = table.length / 4;
      const label = 'attention.blocks';
      blocks = { count, table: this.#gpu.upload(Uint32Array.from(table), [count, 4], { label }) };
      this.#blocks.set(rows, blocks);
    }
    return blocks;
  }

  /**
   * uint32 [T]: the first row of each row's sequence.
   * @throws UserError (`memory-budget`) if the table does not fit the device
   */
  get startOfRows(): Tensor {
    if (!this.#startOfRows) {
      const starts = new Uint32Array(this.totalTokens);
      for (const [i, length] of this.lengths.entries()) {
        const start = this.starts[i] ?? 0;
        starts.fill(start, start, start + length);
      }
      this.#startOfRows = this.#gpu.upload(starts, [starts.length], { label: 'attention.startOfRows' });
    }
    return this.#startOfRows;
  }

  /** Gives the tables back; a second call does nothing. */
  dispose(): void {
    for (const { table } of this.#blocks.values()) table.dispose();
    this.#blocks.clear();
    this.#startOfRows?.dispose();
    this.#startOfRows = undefined;
  }
}
