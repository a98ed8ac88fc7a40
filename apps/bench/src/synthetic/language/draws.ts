import type { Pcg64 } from '@icl-gd/transformer';

/** Random choices by one generator. */
export class Draws {
  readonly #random: Pcg64;

  constructor(random: Pcg64) {
    this.#random = random;
  }

  one<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** An integer from 0 to bound − 1, all equally likely. */
  below(bound: number): number {
    return Math.floor(this.#random.random() * bound);
  }

  /** An integer from low to high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  happens(probability: number): boolean {
    return this.#random.random() < probability;
  }

  /** `count` different elements in random order. */
  several<T>(from: readonly T[], count: number): T[] {
    return this.#random
      .permutation(from.length)
      .slice(0, count)
      .map((i) => from[i] as T);
  }
}
