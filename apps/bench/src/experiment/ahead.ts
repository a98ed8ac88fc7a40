import type { CellAddress } from './cell.ts';

/** Work on cells that has begun before it was asked for, by their addresses. */
export class Ahead<T> {
  readonly #begun = new Map<string, Promise<T | undefined>>();

  /** Begins a cell. What goes wrong with it ends nothing: whoever asks for the cell computes it then, and is told. */
  begin({ key }: CellAddress, work: () => Promise<T>): void {
    this.#begun.set(
      key,
      work().catch(() => undefined),
    );
  }

  /** What has begun of a cell, once; undefined if nothing has, or it went wrong. */
  async take({ key }: CellAddress): Promise<T | undefined> {
    const own = this.#begun.get(key);
    this.#begun.delete(key);
    return await own;
  }

  /** Waits for what nobody has taken, and forgets it. */
  async settle(): Promise<void> {
    await Promise.all(this.#begun.values());
    this.#begun.clear();
  }
}
