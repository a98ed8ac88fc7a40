import type { ExampleScore } from './layer-scores.ts';
import { type TogetherScores, type Triple, areDefined, clamped, updateProducts } from './update-pairs.ts';
import type { Span } from './vectors.ts';

/** A vector of one example, under the three settings. */
export interface ExampleTriple {
  readonly example: number;
  readonly triple: Triple;
}

/**
 * The mean of cos(a_i, b_j) over ordered pairs of different examples, of one layer: pairs of every group that is added. What
 * it costs grows with the number of examples, not of pairs: Σ_{i≠j} ⟨u_i, v_j⟩ = ⟨Σu, Σv⟩ − Σ⟨u_i, v_i⟩ for unit vectors u, v.
 */
export class MismatchedCosines {
  readonly #rounding: number;
  /** By example: half the sum of its cosines with others, as i and as j; half their number. */
  readonly #sums: Float64Array;
  readonly #pairs: Float64Array;
  #cosines = 0;
  #undefined = 0;

  /** @param rounding an update takes part that is longer than this share of the zero-shot vector */
  constructor(examples: number, rounding: number) {
    this.#rounding = rounding;
    this.#sums = new Float64Array(examples);
    this.#pairs = new Float64Array(examples);
  }

  /**
   * Adds the pairs of one head, or of h.
   * @param group tensors of each example
   * @param span where the vector lies in all of them
   */
  add(group: readonly ExampleTriple[], span: Span): void {
    const { start, width } = span;
    this.#cosines += group.length;
    const defined: ExampleTriple[] = [];
    const lengths: { a: number[]; b: number[] } = { a: [], b: [] };
    const cosines: number[] = [];
    for (const own of group) {
      const products = updateProducts(own.triple, span);
      if (!areDefined(products, this.#rounding)) continue;
      const [lengthA, lengthB] = [Math.sqrt(products.aa), Math.sqrt(products.bb)];
      defined.push(own);
      lengths.a.push(lengthA);
      lengths.b.push(lengthB);
      cosines.push(products.ab / lengthA / lengthB);
    }
    if (defined.length < 2) {
      this.#undefined += group.length;
      return;
    }
    this.#undefined += group.length - defined.length;
    const [sumA, sumB] = [new Float64Array(width), new Float64Array(width)];
    for (const [i, { triple }] of defined.entries()) {
      const [a, b] = [1 / lengths.a[i]!, 1 / lengths.b[i]!];
      const { icl, zsl, other } = triple;
      for (let j = 0; j < width; j++) {
        const from = zsl[start + j]!;
        sumA[j]! += a * (icl[start + j]! - from);
        sumB[j]! += b * (other[start + j]! - from);
      }
    }
    for (const [i, { example, triple }] of defined.entries()) {
      const { icl, zsl, other } = triple;
      let [withB, withA] = [0, 0];
      for (let j = 0; j < width; j++) {
        const from = zsl[start + j]!;
        withB += (icl[start + j]! - from) * sumB[j]!;
        withA += (other[start + j]! - from) * sumA[j]!;
      }
      this.#sums[example]! += (withB / lengths.a[i]! + withA / lengths.b[i]!) / 2 - cosines[i]!;
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
