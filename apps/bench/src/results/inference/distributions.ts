import library from 'jstat';

const { studentt, normal } = library.jStat;

/**
 * Quantile of Student's t.
 * @param df degrees of freedom; Infinity for the normal distribution
 * @throws RangeError if the probability is not inside (0, 1) or there is less than one degree of freedom
 */
export function tQuantile(probability: number, df: number): number {
  if (!(probability > 0 && probability < 1))
    throw new RangeError(`probability is ${probability}; it must lie between 0 and 1`);
  requireDegrees(df);
  return df === Infinity ? normal.inv(probability, 0, 1) : studentt.inv(probability, df);
}

/**
 * Two-sided p-value of a value of Student's t.
 * @param df degrees of freedom; Infinity for the normal distribution
 */
export function tTwoSidedP(t: number, df: number): number {
  requireDegrees(df);
  const below = -Math.abs(t);
  if (below === -Infinity) return 0;
  return Math.min(1, 2 * (df === Infinity ? normal.cdf(below, 0, 1) : studentt.cdf(below, df)));
}

function requireDegrees(df: number): void {
  if (!(df >= 1)) throw new RangeError(`df is ${df}; it must be at least 1`);
}
