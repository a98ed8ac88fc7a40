import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type Column, index } from './read-table.ts';

/** More than any model has layers and any run has steps; what is damaged takes no memory. */
const MOST = 1_000_000;

/** The column of an {@link IndexedList}'s indices. */
export const listIndex: Column<number> = index(MOST - 1);

type Place = (column: string) => string;

/** A list that rows of a table fill by index, in any order. */
export class IndexedList<T> {
  readonly #column: string;
  readonly #items: T[] = [];
  #count = 0;
  #ofLast: Place | undefined;

  /** @param column that indices stand in */
  constructor(column: string) {
    this.#column = column;
  }

  get length(): number {
    return this.#items.length;
  }

  /** @throws UserError for an index that is there already */
  put(at: number, item: T, place: Place): void {
    if (at in this.#items) throw new UserError(`${place(this.#column)} ${at} is there twice`);
    this.#add(at, item, place);
  }

  /** What is there, else what is made. */
  take(at: number, make: () => T, place: Place): T {
    if (!(at in this.#items)) this.#add(at, make(), place);
    return this.#items[at] as T;
  }

  /** @throws UserError for an index left out */
  complete(): readonly T[] {
    if (this.#count < this.#items.length) {
      const missing = this.#items.findIndex((_, at) => !(at in this.#items));
      throw new UserError(
        `${this.#ofLast?.(this.#column)} ${this.#items.length - 1}, but there is no ${this.#column} ${missing}`,
      );
    }
    return this.#items;
  }

  #add(at: number, item: T, place: Place): void {
    if (at >= this.#items.length) this.#ofLast = place;
    this.#items[at] = item;
    this.#count++;
  }
}
