/** How far two results in float32 may be apart, relative to their norm: they add up the same numbers in another order. */
const TOLERANCE = 1e-3;

/** What is wrong with a result beside ours, if anything. */
export function faultBeside(
  own: Float32Array,
  other: Float32Array,
  tolerance = TOLERANCE,
): string | undefined {
  if (own.length !== other.length) return `gives ${other.length} numbers, not ${own.length}`;
  const difference = norm(own.map((value, i) => value - (other[i] as number)));
  const relative = difference / Math.max(norm(own), 1e-4);
  return relative <= tolerance ? undefined : `differs from ours by ${relative.toPrecision(2)} of its norm`;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
