import { mean } from '@icl-gd/metrics';
import { differences } from '../../experiment/development/paired-difference.ts';
import type { DevelopmentOutcome } from '../../experiment/development/rate-point.ts';

/** A 95 % interval of the mean of values that seeds and examples cross in: [seed][example]. Undefined where there is none. */
export type CrossedInterval = (
  values: readonly (readonly number[])[],
) => { readonly lower: number; readonly upper: number } | undefined;

/** How much more often a setting is right than ZSL, on the same development examples. */
export interface GateGain {
  readonly mean: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

/**
 * Whether there is anything to compare: `learned` if ICL and the learner are both right more often than ZSL, by 95 % intervals
 * above 0; `nothing was learned` if one of the two is not right more often at all (a mean of 0 or less); `undecided` if both
 * are, but an interval reaches 0; `not measured` without development data of all three.
 */
export const GATE_OUTCOMES = ['learned', 'nothing was learned', 'undecided', 'not measured'] as const;
type GateOutcome = (typeof GATE_OUTCOMES)[number];

export interface Gate {
  readonly icl: GateGain | null;
  readonly learner: GateGain | null;
  readonly outcome: GateOutcome;
}

/** Outcomes by seed; absent where one was not measured or diverged. */
type Outcomes = readonly Pick<DevelopmentOutcome, 'correct'>[] | undefined;

/** Judges one learner at one rate on one dataset. Widening an interval never turns the outcome into `learned`. */
export function gate(
  { zsl, icl, learner }: { readonly zsl: Outcomes; readonly icl: Outcomes; readonly learner: Outcomes },
  interval: CrossedInterval,
): Gate {
  const gains = { icl: gainOf(icl, zsl, interval), learner: gainOf(learner, zsl, interval) };
  if (!gains.icl || !gains.learner) return { ...gains, outcome: 'not measured' };
  const both = [gains.icl, gains.learner];
  if (both.some((own) => own.mean <= 0)) return { ...gains, outcome: 'nothing was learned' };
  return { ...gains, outcome: both.every(isAboveZero) ? 'learned' : 'undecided' };
}

function isAboveZero({ lower }: GateGain): boolean {
  return lower !== null && lower > 0;
}

function gainOf(own: Outcomes, zsl: Outcomes, interval: CrossedInterval): GateGain | null {
  if (!own?.length || !zsl?.length) return null;
  const paired = differences(
    own.map(({ correct }) => correct),
    zsl.map(({ correct }) => correct),
  );
  const { lower = null, upper = null } = interval(paired) ?? {};
  return { mean: mean(paired.flat()) as number, lower, upper };
}
