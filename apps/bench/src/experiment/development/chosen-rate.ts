import type { RateCurve } from './grid.ts';
import { crossedStandardError } from './paired-difference.ts';
import { type DevelopmentOutcome, type FinishedPoint, type RatePoint, finishedPoint } from './rate-point.ts';

/** A rate, and how it came about. */
export interface ChosenRate {
  /** Null where no rate is what the rule asks for. */
  readonly learningRate: number | null;
  /** What the rule looks at, at this rate: mean over development seeds and examples. */
  readonly objective: number | null;
  /** Over seeds and examples, crossed. */
  readonly standardError: number | null;
  /** What the objective was to come to, for rules that match one. */
  readonly target: number | null;
  /** Rates that were tried. */
  readonly points: number;
  /** In words. */
  readonly notes: readonly string[];
}

/** Standard error of the mean over seeds and examples; null where one seed and one example are all there is. */
export function standardErrorOf({ outcomes }: FinishedPoint, of: keyof DevelopmentOutcome): number | null {
  return crossedStandardError(outcomes.map((own) => own[of]));
}

/** What is to be said of every choice from a curve: that it was extended, and where rates diverged. */
export function notesOf(curve: RateCurve): string[] {
  return [...(curve.extensions > 0 ? ['extended'] : []), ...divergence(curve.points)];
}

function divergence(points: readonly RatePoint[]): string[] {
  const diverged = points.filter((point) => !finishedPoint(point)).map(({ rate }) => rate);
  const last = points.findLast((point) => finishedPoint(point));
  if (diverged.length === 0) return [];
  if (!last) return ['diverged at every rate'];
  const below = diverged.filter((rate) => rate < last.rate);
  return [
    ...(below.length > 0 ? [`diverged at ${below.join(' and ')}`] : []),
    ...(below.length < diverged.length ? [`diverged above ${last.rate}`] : []),
  ];
}

/** A number as notes have it. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
