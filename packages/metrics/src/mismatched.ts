import type { ExampleScore } from './layer-scores.ts';
import { type TogetherScores, type UpdatePair, addTo, clamped } from './update-pairs.ts';
import { dot, norm } from './vectors.ts';

/**
 * The mean of cos(a_i, b_j) over ordered pairs of different examples, of one layer: pairs of every group that is added. What
 * it costs grows with the number of examples, not of pairs: Σ_{i≠j} ⟨u_i, v_j⟩ = ⟨Σu, Σv⟩ − Σ⟨u_i, v_i⟩ for unit vectors u, v.
 */
export class MismatchedCosines {
  /** By example: half the sum of its cosines with others, as i and as j; half their number. */
  readonly #sums: Float64Array;
  readonly #pairs: Float64Array;
  #cosines = 0;
  #undefined = 0;

  constructor(examples: number) {
    this.#sums = new Float64Array(examples);
    this.#pairs = new Float64Array(examples);
  }

  /**
   * Adds the pairs of one head, or of h.
   * @param group of every example the updates, of equal lengths; null where one is undefined. They are scaled in place
   */
  add(group: readonly { readonly example: number; readonly pair: UpdatePair | null }[]): void {
    const defined = group.flatMap(({ example, pair }) => (pair ? [{ example, ...pair }] : []));
    this.#cosines += group.length;
    const [first, second] = defined;
    if (!first || !second) {
      this.#undefined += group.length;
      return;
    }
    this.#undefined += group.length - defined.length;
    const [sumA, sumB] = [new Float64Array(first.a.length), new Float64Array(first.a.length)];
    for (const { a, b } of defined) {
      scaleToUnit(a);
      scaleToUnit(b);
      addTo(sumA, a);
      addTo(sumB, b);
    }
    for (const { example, a, b } of defined) {
      this.#sums[example]! += (dot(a, sumB) + dot(b, sumA)) / 2 - dot(a, b);
      this.#pairs[example]! += defined.length - 1;
    }
  }

  /** The mean, and of each example its jackknife pseudo-value. */
  scores(): TogetherScores {
    const [sums, pairs] = [this.#sums, this.#pairs];
    const total = pairs.reduce((x, y) => x + y, 0);
    const value = total === 0 ? null : clamped(sums.reduce((x, y) => x + y, 0) / total);
    const taking = pairs.reduce((count, own) => count + (own > 0 ? 1 : 0), 0);
    // Every example is in two of the places of a pair: what it adds to the mean counts twice.
    const perExample = Array.from(sums, (sum, i): ExampleScore => {
      const own = pairs[i]!;
      if (value === null || own === 0) return { sum: 0, count: 0 };
      return { sum: value + (2 * taking * (sum - value * own)) / total, count: 1 };
    });
    return { value, undefinedCount: this.#undefined, totalCount: this.#cosines, perExample };
  }
}

function scaleToUnit(vector: Float64Array): void {
  const length = norm(vector);
  for (let i = 0; i < vector.length; i++) vector[i]! /= length;
}
