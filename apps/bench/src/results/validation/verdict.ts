import type { Interval } from '@icl-gd/metrics';

/** `cannot be said`: not measured, or the interval has room for both answers. */
export type Verdict = 'holds' | 'does not hold' | 'cannot be said';

/** Whether a quantity lies above zero (or at it), going by its confidence interval. */
export function judgeSign(interval: Interval | null, orEqual = false): Verdict {
  if (!interval) return 'cannot be said';
  const { lower, upper } = interval;
  if (orEqual ? lower >= 0 : lower > 0) return 'holds';
  return (orEqual ? upper < 0 : upper <= 0) ? 'does not hold' : 'cannot be said';
}

/** Half a unit of the last digit of the paper's tables. */
export const ROUNDING = 0.005;

/** Whether a measured interval and a published mean ± deviation, printed with two decimals, have anything in common. */
export function judgeAgreement(interval: Interval | null, published: number, deviation: number): Verdict {
  if (!interval) return 'cannot be said';
  const room = deviation + ROUNDING;
  return interval.lower <= published + room && interval.upper >= published - room ? 'holds' : 'does not hold';
}

/**
 * A claim about a share of cases: held if enough hold already, refuted if too few do even if all open ones did.
 * @param share the least share of cases
 */
export function judgeShare(cases: readonly Verdict[], share: number): Verdict {
  const count = (verdict: Verdict): number => cases.filter((own) => own === verdict).length;
  const needed = Math.ceil(share * cases.length - 1e-9);
  if (cases.length === 0) return 'cannot be said';
  if (count('holds') >= needed) return 'holds';
  return cases.length - count('does not hold') < needed ? 'does not hold' : 'cannot be said';
}
