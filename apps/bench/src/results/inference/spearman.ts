import { pearsonCorrelation } from '@icl-gd/metrics';
import library from 'jstat';

/**
 * Spearman's rank correlation: Pearson's of the ranks, equal values having the mean of theirs.
 * @returns null for fewer than two points or where one side is constant
 * @throws RangeError if the lengths differ or a value is not finite
 */
export function spearmanCorrelation(a: readonly number[], b: readonly number[]): number | null {
  const { rank } = library.jStat;
  return pearsonCorrelation(rank([...a]), rank([...b]));
}
