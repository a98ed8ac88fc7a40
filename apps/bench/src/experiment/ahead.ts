import type { CellAddress } from './cell.ts';

/** Work on cells that has begun before it was asked for, by their addresses. */
export class Ahead<T> {
  readonly #begun = new Map<string, Promise<T>>();

  /** Begins a cell. What goes wrong with it is told to whoever takes it. */
  begin({ key }: CellAddress, work: () => Promise<T>): void {
    const own = work();
    own.catch(() => {});
    this.#begun.set(key, own);
  }

  /** What has begun of a cell, once; undefined if nothing has. */
  take({ key }: CellAddress): Promise<T> | undefined {
    const own = this.#begun.get(key);
    this.#begun.delete(key);
    return own;
  }

  /** Waits for what nobody has taken, whatever comes of it, and forgets it. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#begun.values());
    this.#begun.clear();
  }
}
