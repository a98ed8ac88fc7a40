/** The code unit at a place of a text, or -1 after its end. */
function unitAt(text: string, place: number): number {
  return place < text.length ? text.charCodeAt(place) : -1;
}

/**
 * Finds which of many texts begin at a place of another one. They lie sorted in one array and the search narrows a range of
 * it: a tree of characters would take a gigabyte for the vocabularies that there are.
 */
export class PrefixIndex {
  readonly #texts: readonly string[];
  readonly #values: readonly number[];
  /** First code unit of a text to the range of those that begin with it. */
  readonly #ranges = new Map<number, readonly [number, number]>();

  /** The empty text is never found. */
  constructor(entries: ReadonlyMap<string, number>) {
    this.#texts = [...entries.keys()].filter((text) => text !== '').toSorted();
    this.#values = this.#texts.map((text) => entries.get(text)!);
    let first = 0;
    for (let i = 1; i <= this.#texts.length; i++) {
      const unit = this.#texts[first]!.charCodeAt(0);
      if (i < this.#texts.length && this.#texts[i]!.charCodeAt(0) === unit) continue;
      this.#ranges.set(unit, [first, i]);
      first = i;
    }
  }

  /** Calls `found` for every stored text that stands at `start`, the shortest first. */
  forEach(text: string, start: number, found: (end: number, value: number) => void): void {
    let [low, high] = this.#ranges.get(unitAt(text, start)) ?? [0, 0];
    for (let depth = 1; low < high; depth++) {
      if (this.#texts[low]!.length === depth) {
        found(start + depth, this.#values[low]!);
        low++;
      }
      const unit = unitAt(text, start + depth);
      if (unit === -1) return;
      low = this.#boundary(low, high, depth, unit);
      high = this.#boundary(low, high, depth, unit + 1);
    }
  }

  /** The longest stored text that stands at `start`. */
  longest(text: string, start: number): { readonly end: number; readonly value: number } | undefined {
    let longest: { end: number; value: number } | undefined;
    this.forEach(text, start, (end, value) => {
      longest = { end, value };
    });
    return longest;
  }

  /** The first text in the range whose code unit at `depth` is not below `unit`. */
  #boundary(low: number, high: number, depth: number, unit: number): number {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (unitAt(this.#texts[middle]!, depth) < unit) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
