import { requireFinite, requireSameLength, requireSize } from './validation.ts';
import type { NumericArray } from './vectors.ts';

/**
 * Share of the k largest items of `reference` that are among the k largest of `candidate` (Dai et al. 2023).
 * Of tied items the one with the lower index counts as larger.
 * @returns null if there are fewer than k items; 1 if there are just k
 * @throws RangeError if the lengths differ, a value is not finite or k is not a positive integer
 */
export function topKRecall(reference: NumericArray, candidate: NumericArray, k: number): number | null {
  requireSize('k', k);
  requireSameLength('reference', reference, 'candidate', candidate);
  requireFinite('reference', reference);
  requireFinite('candidate', candidate);
  if (reference.length < k) return null;
  const found = new Set(topK(candidate, k));
  return topK(reference, k).filter((i) => found.has(i)).length / k;
}

function topK(values: NumericArray, k: number): number[] {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  order.sort((i, j) => values[j]! - values[i]! || i - j);
  return [...order.subarray(0, k)];
}
