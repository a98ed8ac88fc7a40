import type { Gpu } from '../runtime/gpu.ts';
import { Resource } from '../runtime/resource.ts';
import type { Tensor } from '../runtime/tensor.ts';

/** Heights of tiles of rows that there is a list for: those of all matmul kernels. */
const TILE_HEIGHTS = [4, 8, 12, 16, 24, 28, 32, 64, 128] as const;

/**
 * The rows of a packed batch ([R, …]) as consecutive runs, one a group; a group may have none. Kernels find in its table
 * which rows are whose, so that all groups take one dispatch. Dispose it, or let `using` do so.
 */
export class RowGroups extends Resource {
  /** Rows of each group. */
  readonly counts: readonly number[];
  /** First row of each group. */
  readonly starts: readonly number[];
  /** R, of all groups together. */
  readonly rows: number;
  /**
   * uint32 [N, 4]: first row, end row, group, 0; of each group, then of tiles of at most 4, 8, … rows. A tile never
   * crosses groups; empty groups have none.
   */
  readonly table: Tensor;

  readonly #tiles: ReadonlyMap<number, TileRange>;

  /**
   * @param counts rows of each group, in the order of the batch
   * @throws RangeError for a count that is no natural number; UserError (`memory-budget`) if the table does not fit
   */
  constructor(gpu: Gpu, counts: readonly number[]) {
    super();
    const wrong = counts.find((count) => !Number.isInteger(count) || count < 0);
    if (wrong !== undefined) throw new RangeError(`RowGroups: a group of ${wrong} rows`);
    const starts: number[] = [];
    let rows = 0;
    for (const count of counts) {
      starts.push(rows);
      rows += count;
    }
    const entries = counts.flatMap((count, g) => [starts[g]!, starts[g]! + count, g, 0]);
    const tiles = new Map<number, TileRange>();
    for (const height of TILE_HEIGHTS) {
      const first = entries.length / 4;
      for (const [g, count] of counts.entries()) {
        const end = starts[g]! + count;
        for (let row = starts[g]!; row < end; row += height)
          entries.push(row, Math.min(row + height, end), g, 0);
      }
      tiles.set(height, { first, count: entries.length / 4 - first });
    }
    this.counts = [...counts];
    this.starts = starts;
    this.rows = rows;
    this.#tiles = tiles;
    // At least one entry: a binding is never empty.
    if (entries.length === 0) entries.push(0, 0, 0, 0);
    this.table = gpu.upload(Uint32Array.from(entries), [entries.length / 4, 4], { label: 'row-groups' });
  }

  /**
   * Where in the table the tiles of at most `height` rows stand.
   * @throws RangeError for a height that there is no list for
   */
  tiles(height: number): TileRange {
    const range = this.#tiles.get(height);
    if (range === undefined)
      throw new RangeError(
        `RowGroups: tiles of ${height} rows; there are those of ${TILE_HEIGHTS.join(', ')}`,
      );
    return range;
  }

  /** Gives the table back; a second call does nothing. */
  dispose(): void {
    this.table.dispose();
  }
}

/** A run of entries of a table. */
export interface TileRange {
  readonly first: number;
  readonly count: number;
}
