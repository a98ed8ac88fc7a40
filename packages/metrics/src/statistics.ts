import { correlationOf, meanOf, standardDeviationOf } from './samples.ts';
import { requireFinite, requireSameLength } from './validation.ts';

/**
 * Arithmetic mean, with compensated summation.
 * @returns null for no values
 * @throws RangeError if a value is not finite
 */
export function mean(values: readonly number[]): number | null {
  requireFinite('values', values);
  return values.length === 0 ? null : meanOf(values);
}

/**
 * Sample standard deviation (divisor n − 1), as the paper gives it over seeds.
 * @returns null for fewer than two values
 * @throws RangeError if a value is not finite
 */
export function sampleStandardDeviation(values: readonly number[]): number | null {
  requireFinite('values', values);
  return values.length < 2 ? null : standardDeviationOf(values);
}

/**
 * Pearson's correlation of two curves.
 * @returns null for fewer than two points or where one of the curves is constant
 * @throws RangeError if the lengths differ or a value is not finite
 */
export function pearsonCorrelation(a: readonly number[], b: readonly number[]): number | null {
  requireSameLength('a', a, 'b', b);
  requireFinite('a', a);
  requireFinite('b', b);
  // Fewer than two points are constant.
  const constant = (values: readonly number[]): boolean => values.every((value) => value === values[0]);
  return constant(a) || constant(b) ? null : correlationOf(a, b);
}
