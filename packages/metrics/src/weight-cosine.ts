import { requireFinite, requireSameLength } from './validation.ts';
import { type NumericArray, lengthOf } from './vectors.ts';

/**
 * Cosine of two changes of the same weights: each a list of tensors (say, of all key and value weights and biases of a
 * layer), joined to one vector. Everything is summed in float64.
 * @param a changes W_after − W_before of one learner, a tensor an entry
 * @param b those of another, tensors of the same lengths in the same order
 * @returns null where one of them changes nothing
 * @throws RangeError if the lists or two tensors differ in length, a value is not finite, or a norm overflows float64
 */
export function weightCosine(a: readonly NumericArray[], b: readonly NumericArray[]): number | null {
  requireSameLength('a', a, 'b', b);
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, first] of a.entries()) {
    const second = b[i]!;
    requireSameLength(`a[${i}]`, first, `b[${i}]`, second);
    requireFinite(`a[${i}]`, first);
    requireFinite(`b[${i}]`, second);
    for (let j = 0; j < first.length; j++) {
      ab += first[j]! * second[j]!;
      aa += first[j]! * first[j]!;
      bb += second[j]! * second[j]!;
    }
  }
  const [normA, normB] = [lengthOf(aa), lengthOf(bb)];
  return normA === 0 || normB === 0 ? null : Math.max(-1, Math.min(1, ab / normA / normB));
}
