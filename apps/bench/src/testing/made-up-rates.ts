import type { EvaluateRate, RatePoint } from '../experiment/development/rate-point.ts';

/** One value for all four examples, or one for each. */
type Values = number | readonly number[];

/** A point of two seeds with the same values. */
export function madeUpPoint(
  rate: number,
  { goldNll = 1, kl = 1, updateNorm = 1 }: Partial<Record<'goldNll' | 'kl' | 'updateNorm', Values>>,
): RatePoint {
  const outcome = {
    goldNll: byExample(goldNll),
    kl: byExample(kl),
    updateNorm: byExample(updateNorm),
    correct: byExample(1),
  };
  const seeds = [1001, 1002].map((seed) => ({
    ...{ status: 'finished' as const, seed, outcome, simaou: null, simamDelta: null },
  }));
  return { rate, seeds };
}

/** A point of which one of two seeds diverged. */
export function divergedPoint(rate: number): RatePoint {
  const [first] = madeUpPoint(rate, {}).seeds;
  return { rate, seeds: [first!, { status: 'diverged', seed: 1002, message: 'its loss is not finite' }] };
}

/** Evaluates by a function, and lists what it was asked for. */
export function madeUpCurve(pointOf: (rate: number) => RatePoint): {
  readonly evaluate: EvaluateRate;
  readonly asked: number[];
} {
  const asked: number[] = [];
  return {
    asked,
    evaluate: async (rate) => {
      asked.push(rate);
      return pointOf(rate);
    },
  };
}

function byExample(values: Values): number[] {
  return typeof values === 'number' ? [values, values, values, values] : [...values];
}
