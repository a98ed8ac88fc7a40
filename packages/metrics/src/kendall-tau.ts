import { requireFinite, requireSameLength } from './validation.ts';
import type { NumericArray } from './vectors.ts';

/**
 * Kendall's τ-b of two rankings, corrected for ties, in O(n log n) (Knight 1966); equals `scipy.stats.kendalltau`.
 * @returns null if undefined: fewer than two items, or all items of one ranking tied
 * @throws RangeError if the lengths differ or a value is not finite
 */
export function kendallTau(a: NumericArray, b: NumericArray): number | null {
  requireSameLength('a', a, 'b', b);
  requireFinite('a', a);
  requireFinite('b', b);
  const order = Uint32Array.from({ length: a.length }, (_, i) => i);
  order.sort((i, j) => a[i]! - a[j]! || b[i]! - b[j]!);
  const tiedInA = tiedPairs(order, (i, j) => a[i] === a[j]);
  const tiedInBoth = tiedPairs(order, (i, j) => a[i] === a[j] && b[i] === b[j]);
  const discordant = inversions(Array.from(order, (i) => b[i]!));
  order.sort((i, j) => b[i]! - b[j]!);
  const tiedInB = tiedPairs(order, (i, j) => b[i] === b[j]);

  const pairs = (a.length * (a.length - 1)) / 2;
  if (tiedInA === pairs || tiedInB === pairs) return null;
  const concordantMinusDiscordant = pairs - tiedInA - tiedInB + tiedInBoth - 2 * discordant;
  const tau = concordantMinusDiscordant / Math.sqrt(pairs - tiedInA) / Math.sqrt(pairs - tiedInB);
  return Math.max(-1, Math.min(1, tau));
}

/** Pairs of tied items, given an order in which tied items are neighbours. */
function tiedPairs(order: Uint32Array, tied: (i: number, j: number) => boolean): number {
  let pairs = 0;
  let run = 0;
  for (let k = 1; k < order.length; k++) {
    run = tied(order[k - 1]!, order[k]!) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/** Number of pairs i < j with values[i] > values[j], by bottom-up merge sort. */
function inversions(values: readonly number[]): number {
  let count = 0;
  let from = Float64Array.from(values);
  let to = new Float64Array(values.length);
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let left = start;
      let right = middle;
      for (let k = start; k < end; k++) {
        if (left < middle && (right === end || from[left]! <= from[right]!)) {
          to[k] = from[left++]!;
        } else {
          to[k] = from[right++]!;
          count += middle - left;
        }
      }
    }
    [from, to] = [to, from];
  }
  return count;
}
