/** 2^19 assignments of signs take a few tens of milliseconds. */
const MOST_VALUES = 20;

/**
 * Exact two-sided p-value of the sign-flip test: of all assignments of signs to the values, the share whose sum is as far from zero as
 * that of the values themselves. It asks only that under the hypothesis each value might as well have had the other sign. With n
 * values the smallest that can come out is 2^(1−n): 0.031 for six datasets.
 * @returns null for no values, or for more than 20, which would be too many to enumerate
 */
export function signFlipP(values: readonly number[]): number | null {
  if (values.length === 0 || values.length > MOST_VALUES) return null;
  const [first = 0, ...others] = values;
  const observed = Math.abs(values.reduce((sum, value) => sum + value, 0));
  const scale = values.reduce((sum, value) => sum + Math.abs(value), 0);
  // Sums that are equal but for rounding count as equal.
  const least = observed - 1e-12 * scale;
  // An assignment and its opposite are equally far from zero: the first value keeps its sign.
  const assignments = 2 ** others.length;
  let count = 0;
  for (let signs = 0; signs < assignments; signs++) {
    let sum = first;
    for (const [bit, value] of others.entries()) sum += (signs >> bit) & 1 ? -value : value;
    if (Math.abs(sum) >= least) count++;
  }
  return count / assignments;
}
