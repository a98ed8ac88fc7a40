import type { Gpu } from '../../runtime/gpu.ts';
import { Resource } from '../../runtime/resource.ts';
import type { Tensor } from '../../runtime/tensor.ts';

/** Rows of the blocks that kernels may ask for; the first are those of `tile.ts`. */
const BLOCK_ROWS = [4, 8, 16, 32] as const;

/** Rows that all other blocks are parts of. */
export const LARGEST_BLOCK = Math.max(...BLOCK_ROWS);

/** Where the blocks of so many rows lie in the table. */
export interface RowBlocks {
  readonly first: number;
  readonly count: number;
}

/**
 * Sequences packed one after another ([T, …], no padding), cut into blocks of rows that never cross sequences, so that
 * all rows of a block see the same first key. Dispose it, or let `using` do so.
 */
export class PackedSequences extends Resource {
  readonly lengths: readonly number[];
  /** T, of all sequences together. */
  readonly totalTokens: number;
  /** First row of each sequence. */
  readonly starts: readonly number[];
  /**
   * uint32 [·, 4]: blocks of 4, of 8, 16 and 32 rows (first row, row count, first and end row of its sequence), then of
   * each row the first of its sequence. In one tensor, so that its size follows from the lengths alone.
   */
  readonly table: Tensor;
  /** Entry of the table that the first rows of sequences begin at. */
  readonly firstStart: number;
  readonly #blocks = new Map<number, RowBlocks>();

  /** @throws UserError (`memory-budget`) if the table does not fit the device */
  constructor(gpu: Gpu, lengths: readonly number[]) {
    super();
    let tokens = 0;
    this.starts = lengths.map((length) => (tokens += length) - length);
    this.lengths = lengths;
    this.totalTokens = tokens;
    const table: number[] = [];
    for (const rows of BLOCK_ROWS) {
      const first = table.length / 4;
      this.#eachSequence((start, length) => {
        for (let row = 0; row < length; row += rows)
          table.push(start + row, Math.min(rows, length - row), start, start + length);
      });
      this.#blocks.set(rows, { first, count: table.length / 4 - first });
    }
    this.firstStart = table.length / 4;
    this.#eachSequence((start, length) => {
      for (let row = 0; row < length; row++) table.push(start);
    });
    while (table.length % 4 !== 0) table.push(0);
    this.table = gpu.upload(Uint32Array.from(table), [table.length / 4, 4], { label: 'attention.blocks' });
  }

  /** @throws RangeError for a number of rows that the table has no blocks of */
  blocks(rows: number): RowBlocks {
    const blocks = this.#blocks.get(rows);
    if (!blocks) throw new RangeError(`attention: no blocks of ${rows} rows`);
    return blocks;
  }

  /** Gives the table back; a second call does nothing. */
  dispose(): void {
    this.table.dispose();
  }

  #eachSequence(visit: (start: number, length: number) => void): void {
    for (const [i, length] of this.lengths.entries()) visit(this.starts[i] ?? 0, length);
  }
}
