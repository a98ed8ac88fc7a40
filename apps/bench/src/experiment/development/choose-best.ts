import { mean } from '@icl-gd/metrics';
import { type ChosenRate, notesOf, shortNumber, standardErrorOf } from './chosen-rate.ts';
import { RateCurve } from './grid.ts';
import { crossedStandardError, differences } from './paired-difference.ts';
import {
  type EvaluateRate,
  type FinishedPoint,
  type RatePoint,
  finishedPoint,
  meanOf,
} from './rate-point.ts';

/**
 * The rate with the smallest mean negative log-likelihood of the gold option (the smaller on a tie); then, by the
 * one-standard-error rule, the smallest one below it up to which every rate is worse by no more than one standard error of the
 * paired difference, over seeds and examples. Rates at which a seed diverged are out. Where the best lies at an end of the
 * grid, the grid grows, up to its limit.
 */
export async function chooseBest(evaluate: EvaluateRate, published: number): Promise<ChosenRate> {
  const curve = await RateCurve.measure(evaluate, published);
  let best = bestOf(curve.points);
  let atEdge = false;
  for (let end = best && endAt(curve.points, best); best && end; end = endAt(curve.points, best)) {
    const more = end === 'below' ? await curve.extendBelow() : await curve.extendAbove();
    if (!more) {
      atEdge = true;
      break;
    }
    best = bestOf(curve.points) as FinishedPoint;
  }
  const points = curve.points.length;
  if (!best)
    return {
      ...{ learningRate: null, objective: null, standardError: null, target: null, points },
      notes: notesOf(curve),
    };
  const chosen = smallestAsGood(curve.points, best);
  return {
    learningRate: chosen.point.rate,
    objective: meanOf(chosen.point, 'goldNll'),
    standardError: standardErrorOf(chosen.point, 'goldNll'),
    target: null,
    points,
    notes: [
      ...(chosen.worse ? [`within one standard error of ${best.rate}: ${chosen.worse}`] : ['the smallest']),
      ...(atEdge ? ['at the edge'] : []),
      ...notesOf(curve),
    ],
  };
}

function bestOf(points: readonly RatePoint[]): FinishedPoint | undefined {
  let best: FinishedPoint | undefined;
  let least = Infinity;
  for (const each of points) {
    const point = finishedPoint(each);
    const value = point ? meanOf(point, 'goldNll') : Infinity;
    if (value < least) [best, least] = [point, value];
  }
  return best;
}

/** On which side there may be a better one. A rate that diverged is no end: beyond it there is nothing to find. */
function endAt(points: readonly RatePoint[], { rate }: FinishedPoint): 'below' | 'above' | undefined {
  if (points[0]?.rate === rate) return 'below';
  return points.at(-1)?.rate === rate ? 'above' : undefined;
}

function smallestAsGood(
  points: readonly RatePoint[],
  best: FinishedPoint,
): { readonly point: FinishedPoint; readonly worse?: string } {
  const nll = ({ outcomes }: FinishedPoint): (readonly number[])[] => outcomes.map(({ goldNll }) => goldNll);
  let chosen: { point: FinishedPoint; worse?: string } = { point: best };
  for (const each of points.filter(({ rate }) => rate < best.rate).toReversed()) {
    const point = finishedPoint(each);
    if (!point) break;
    const paired = differences(nll(point), nll(best));
    const worse = mean(paired.flat()) as number;
    const error = crossedStandardError(paired);
    if (error === null || worse > error) break;
    chosen = { point, worse: `worse by ${shortNumber(worse)} ± ${shortNumber(error)} nats` };
  }
  return chosen;
}
