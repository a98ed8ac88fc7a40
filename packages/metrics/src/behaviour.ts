import { requireLabels } from './predictions.ts';
import { pearsonCorrelation } from './statistics.ts';
import { requireFinite, requireSameLength, requireSize } from './validation.ts';

/**
 * Share of examples for which two settings predict the same class.
 * @param a predicted classes, one an example
 * @param b those of the other setting
 * @returns null for no examples
 * @throws RangeError if the lengths differ or a class is not a non-negative integer
 */
export function agreement(a: readonly number[], b: readonly number[]): number | null {
  requireLabels('a', a);
  requireLabels('b', b);
  requireSameLength('a', a, 'b', b);
  return a.length === 0 ? null : a.filter((label, i) => label === b[i]).length / a.length;
}

/**
 * Cohen's κ: (agreement − chance) / (1 − chance), where chance is the agreement of two settings that predict each class as
 * often as these do, but independently of each other. 1 for identical predictions, 0 at chance.
 * @returns null for no examples and where chance is 1: both always predict the same class
 * @throws RangeError as {@link agreement}
 */
export function kappa(a: readonly number[], b: readonly number[]): number | null {
  if (agreement(a, b) === null) return null;
  const same = a.filter((label, i) => label === b[i]).length;
  const [countsA, countsB] = [countsOf(a), countsOf(b)];
  // In whole numbers, so that chance is 1 where it is exactly so, and κ too.
  let equalPairs = 0;
  for (const [label, count] of countsA) equalPairs += count * (countsB.get(label) ?? 0);
  const allPairs = a.length * a.length;
  if (equalPairs === allPairs) return null;
  return (same * a.length - equalPairs) / (allPairs - equalPairs);
}

function countsOf(labels: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Of every example the mean log-probability (nats) of each option's tokens. */
type OptionLogProbs = readonly (readonly number[])[];

/**
 * Jensen–Shannon divergence (nats, 0 to ln 2) of two settings' distributions over the options, the mean over examples. The
 * distribution of an example is the softmax over its options of their mean log-probabilities.
 * @param a [example][option] mean log-probabilities
 * @param b those of the other setting, of the same examples and options
 * @returns null for no examples
 * @throws RangeError if lengths differ, an example has no options, or a value is not finite
 */
export function jsDivergence(a: OptionLogProbs, b: OptionLogProbs): number | null {
  requireOptions({ a, b });
  if (a.length === 0) return null;
  let total = 0;
  for (const [i, first] of a.entries()) total += divergence(logSoftmax(first), logSoftmax(b[i]!));
  return total / a.length;
}

/** Of log-probabilities that sum to 1. */
function divergence(p: readonly number[], q: readonly number[]): number {
  let total = 0;
  for (const [i, logP] of p.entries()) {
    const logQ = q[i]!;
    const logMean = logSumExp([logP, logQ]) - Math.LN2;
    total += Math.exp(logP) * (logP - logMean) + Math.exp(logQ) * (logQ - logMean);
  }
  // Rounding may leave equal distributions a little below 0, and disjoint ones above ln 2.
  return Math.min(Math.LN2, Math.max(0, total / 2));
}

/**
 * Pearson's correlation, over examples, of two settings' changes of the gold option's log-odds, ln(q / (1 − q)), from
 * zero-shot; q is the softmax over an example's options of their mean log-probabilities. Log-odds are differences of
 * log-sum-exps, so that q may be as near to 0 or 1 as it likes.
 * @param logProbs [example][option] mean log-probabilities (nats) of zero-shot and of the two settings
 * @param gold the right option of each example
 * @returns null where one side does not vary (its deviation over examples is at most 2e-6 of the size of zero-shot's
 *   log-probabilities: rounding), and for fewer than two examples
 * @throws RangeError if lengths differ, an example has fewer than two options, `gold` is none of them, or a value is not finite
 */
export function logOddsCorrelation(
  { zsl, a, b }: Readonly<Record<'zsl' | 'a' | 'b', OptionLogProbs>>,
  gold: readonly number[],
): number | null {
  requireOptions({ zsl, a, b });
  requireLabels('gold', gold);
  requireSameLength('zsl', zsl, 'gold', gold);
  for (const [i, { length }] of zsl.entries())
    if (length < 2 || gold[i]! >= length)
      throw new RangeError(`gold[${i}] is ${gold[i]}; of ${length} options it must be one of two or more`);
  const odds = (own: OptionLogProbs): number[] => own.map((options, i) => logOdds(options, gold[i]!));
  const from = odds(zsl);
  const [changesA, changesB] = [a, b].map((own) => odds(own).map((value, i) => value - from[i]!)) as [
    number[],
    number[],
  ];
  const size = rootMeanSquare(zsl.flat());
  if ([changesA, changesB].some((changes) => spread(changes) <= LEAST_SPREAD * size)) return null;
  return pearsonCorrelation(changesA, changesB);
}

/** Deviation, relative to the log-probabilities themselves, at which changes are taken for rounding of float32. */
const LEAST_SPREAD = 2e-6;

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((total, value) => total + value * value, 0) / Math.max(1, values.length));
}

function spread(values: readonly number[]): number {
  const mean = values.reduce((total, value) => total + value, 0) / Math.max(1, values.length);
  return rootMeanSquare(values.map((value) => value - mean));
}

/** ln(q / (1 − q)) of one option. */
function logOdds(logProbs: readonly number[], option: number): number {
  return logProbs[option]! - logSumExp(logProbs.filter((_, other) => other !== option));
}

function logSoftmax(logProbs: readonly number[]): number[] {
  const total = logSumExp(logProbs);
  return logProbs.map((value) => value - total);
}

function logSumExp(values: readonly number[]): number {
  const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return largest + Math.log(values.reduce((total, value) => total + Math.exp(value - largest), 0));
}

/**
 * Overlap of two rankings: the share of the first `k` ids of one that are among the first `k` of the other, e.g. of the 10
 * likeliest next tokens.
 * @param a ids, the likeliest first; no id twice
 * @param b those of the other setting
 * @returns 0 to 1
 * @throws RangeError if `k` is not a positive integer, a list is shorter than `k`, or an id is twice among its first `k`
 */
export function topOverlap(a: readonly number[], b: readonly number[], k: number): number {
  requireSize('k', k);
  const [first, second] = Object.entries({ a, b }).map(([name, ids]) => {
    if (ids.length < k) throw new RangeError(`${name} has ${ids.length} ids; k = ${k} needs as many`);
    const top = new Set(ids.slice(0, k));
    if (top.size < k) throw new RangeError(`${name} has an id twice among its first ${k}`);
    return top;
  }) as [Set<number>, Set<number>];
  return [...first].filter((id) => second.has(id)).length / k;
}

/** Checks that all have the same examples with the same numbers of options, and finite numbers. */
function requireOptions(settings: Readonly<Record<string, OptionLogProbs>>): void {
  const [[firstName, first] = ['', []], ...others] = Object.entries(settings);
  for (const [name, own] of [[firstName, first] as const, ...others]) {
    requireSameLength(firstName, first, name, own);
    for (const [i, options] of own.entries()) {
      requireSize(`${name}[${i}].length`, options.length);
      requireSameLength(`${firstName}[${i}]`, first[i]!, `${name}[${i}]`, options);
      requireFinite(`${name}[${i}]`, options);
    }
  }
}
