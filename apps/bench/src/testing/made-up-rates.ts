import type { EvaluateRate, RatePoint } from '../experiment/development/rate-point.ts';

/** By example; the same for every seed where it is a list. */
type Values = readonly number[] | readonly (readonly number[])[];

/** A point of two seeds: one value for every example of both, values by example, or [seed][example]; null diverged. */
export function madeUpPoint(
  rate: number,
  { goldNll = 1, kl = 1, updateNorm = 1, correct = 1 }: Partial<Record<MadeUp, number | Values>>,
): RatePoint {
  const seeds = [1001, 1002].map((seed, s) => ({
    ...{ status: 'finished' as const, seed, simaou: null, simamDelta: null },
    outcome: {
      goldNll: byExample(goldNll, s),
      kl: byExample(kl, s),
      updateNorm: byExample(updateNorm, s),
      correct: byExample(correct, s),
    },
  }));
  return { rate, seeds };
}
type MadeUp = 'goldNll' | 'kl' | 'updateNorm' | 'correct';

/** A point of which one of two seeds diverged. */
export function divergedPoint(rate: number): RatePoint {
  const [first] = madeUpPoint(rate, {}).seeds;
  return { rate, seeds: [first!, { status: 'diverged', seed: 1002, message: 'its loss is not finite' }] };
}

/** Evaluates by a function, and counts what it was asked for. */
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

function byExample(values: number | Values, seed: number): number[] {
  if (typeof values === 'number') return Array.from({ length: 4 }, () => values);
  const [first] = values;
  return [...((typeof first === 'number' ? values : values[seed]) as readonly number[])];
}
