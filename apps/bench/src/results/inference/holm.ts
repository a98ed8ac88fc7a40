/**
 * Holm's adjusted p-values: rejecting those that are at most 0.05 keeps the chance of any false rejection among all of them at 5 %,
 * however they depend on each other. In the order of the arguments; at most 1.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = pValues.map(() => 0);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}
