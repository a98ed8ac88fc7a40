import type { Interval } from '@icl-gd/metrics';

/**
 * `inconclusive`: the interval has room for both answers, or nothing was measured. `nothing was learned`: there is nothing to be alike
 * in, so that neither answer would say anything (the gate, docs/cli.md).
 */
export type Verdict = 'holds' | 'does not hold' | 'inconclusive' | 'nothing was learned';

/** How sure a verdict has to be, after the adjustment for the number of claims. */
export const SIGNIFICANCE = 0.05;

/**
 * Whether a quantity is above a limit: by its p-value, two-sided and adjusted for the number of tests, and on the side where it lies.
 * @param against the limit
 */
export function judgeAbove(
  value: number | null,
  interval: Interval | null,
  adjustedP: number | null,
  against = 0,
): Verdict {
  if (value === null || !interval || adjustedP === null) return 'inconclusive';
  // Without any uncertainty, at the limit is not above it.
  if (value === against && interval.lower === interval.upper) return 'does not hold';
  if (adjustedP > SIGNIFICANCE || value === against) return 'inconclusive';
  return value > against ? 'holds' : 'does not hold';
}

/** Of several verdicts: all have to hold, and one that does not is enough. */
export function judgeAll(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('does not hold')) return 'does not hold';
  return verdicts.length > 0 && verdicts.every((own) => own === 'holds') ? 'holds' : 'inconclusive';
}
