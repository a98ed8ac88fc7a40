/** Arithmetic mean of one value or more, with Neumaier's compensated sum. */
export function meanOf(values: readonly number[]): number {
  let [sum, correction] = [0, 0];
  for (const value of values) {
    const next = sum + value;
    // What was rounded off is part of the smaller of the two.
    correction += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return (sum + correction) / values.length;
}

/** Standard deviation of two values or more, divisor n − 1. */
export function standardDeviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  let sum = 0;
  for (const value of values) sum += (value - mean) * (value - mean);
  return Math.sqrt(sum / (values.length - 1));
}

/** Pearson's correlation of two samples of the same length, two or more, neither of them constant. */
export function correlationOf(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let sum = 0;
  for (const [i, value] of a.entries()) sum += (value - meanA) * ((b[i] as number) - meanB);
  return sum / (a.length - 1) / standardDeviationOf(a) / standardDeviationOf(b);
}

/** The quantile of `probability` in [0, 1], between neighbours linearly, as NumPy has it; `sorted` ascends and is not empty. */
export function quantileOfSorted(sorted: ArrayLike<number>, probability: number): number {
  const place = (sorted.length - 1) * probability;
  const [below, above] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
  return below + (place - Math.floor(place)) * (above - below);
}
