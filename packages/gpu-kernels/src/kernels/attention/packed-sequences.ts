import type { Gpu } from '../../runtime/gpu.ts';
import { Resource } from '../../runtime/resource.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { TILE_ROWS } from './tile.ts';

/**
 * Sequences packed one after another ([T, …], no padding), cut into blocks of at most `TILE_ROWS` rows. A block
 * never crosses sequences, so that all its rows see the same first key. Dispose it, or let `using` do so.
 */
export class PackedSequences extends Resource {
  readonly lengths: readonly number[];
  /** T, of all sequences together. */
  readonly totalTokens: number;
  /** First row of each sequence. */
  readonly starts: readonly number[];
  readonly blockCount: number;
  /** uint32 [blockCount, 4]: first row, row count, first and end row of its sequence. */
  readonly table: Tensor;

  /** @throws UserError (`memory-budget`) if the table does not fit the device */
  constructor(gpu: Gpu, lengths: readonly number[]) {
    super();
    const starts: number[] = [];
    const rows: number[] = [];
    let start = 0;
    for (const length of lengths) {
      starts.push(start);
      for (let row = 0; row < length; row += TILE_ROWS) {
        rows.push(start + row, Math.min(TILE_ROWS, length - row), start, start + length);
      }
      start += length;
    }
    this.lengths = lengths;
    this.starts = starts;
    this.totalTokens = start;
    this.blockCount = rows.length / 4;
    this.table = gpu.upload(Uint32Array.from(rows), [this.blockCount, 4], { label: 'attention.blocks' });
  }

  /** Gives the table back; a second call does nothing. */
  dispose(): void {
    this.table.dispose();
  }
}
