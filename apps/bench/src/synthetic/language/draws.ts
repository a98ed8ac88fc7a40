import type { Pcg64 } from '@icl-gd/transformer';

/** Draws from one generator. */
export class Draws {
  readonly #random: Pcg64;

  constructor(random: Pcg64) {
    this.#random = random;
  }

  one<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** A whole number from 0 to bound − 1. */
  below(bound: number): number {
    return Math.floor(this.#random.random() * bound);
  }

  /** A whole number from low to high. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  happens(probability: number): boolean {
    return this.#random.random() < probability;
  }

  /** Different ones, in random order. */
  several<T>(from: readonly T[], count: number): T[] {
    return this.#random
      .permutation(from.length)
      .slice(0, count)
      .map((i) => from[i] as T);
  }
}
