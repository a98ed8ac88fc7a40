import { type ChosenRate, notesOf, standardErrorOf } from './chosen-rate.ts';
import { RateCurve } from './grid.ts';
import { type EvaluateRate, type RatePoint, finishedPoint, meanOf } from './rate-point.ts';

/** A level within this share of the target is the target's. */
const MATCH_TOLERANCE = 0.05;
/** Rates tried between two of the grid before a search is given up. */
const MOST_MATCH_STEPS = 6;

/** A level as it was measured; none where a seed diverged. */
interface Level {
  readonly point: RatePoint;
  readonly level: number | undefined;
}

type MatchedLevel = 'kl' | 'updateNorm';

/**
 * The rate at which the mean KL(ZSL ‖ FT), or the mean relative norm of the update, comes to a target, to 5 %: found between
 * the first two rates of the grid that the target lies between, by interpolating log level over log rate and measuring there.
 * No rate where none gives the target: what is not matched is not called so.
 */
export async function chooseMatched(
  evaluate: EvaluateRate,
  published: number,
  of: MatchedLevel,
  target: number,
): Promise<ChosenRate> {
  const measure = async (rate: number): Promise<Level> => levelOf(await evaluate(rate), of);
  const curve = await RateCurve.measure(evaluate, published);
  const bracket = await findBracket(curve, of, target);
  const between = bracket ? await narrow(measure, bracket, target) : [];
  const tried: Level[] = [...curve.points.map((point) => levelOf(point, of)), ...between];
  // A larger rate, at which the level has come down to the target again, is closer by accident.
  const near = closestTo([...(bracket ?? []), ...between], target);
  const closest = isReached(near, target) ? near : closestTo(tried, target);
  const reached = isReached(closest, target);
  const finished = closest && finishedPoint(closest.point);
  return {
    learningRate: closest && reached ? closest.point.rate : null,
    objective: closest?.level ?? null,
    standardError: finished ? standardErrorOf(finished, of) : null,
    target,
    points: tried.length,
    notes: [
      ...(reached ? [] : [notReached(closest)]),
      ...(!bracket && !reached ? ['at the edge'] : []),
      ...notesOf(curve),
    ],
  };
}

function isReached(own: { readonly level: number } | undefined, target: number): boolean {
  return own !== undefined && Math.abs(own.level / target - 1) <= MATCH_TOLERANCE;
}

function notReached(closest: { readonly point: RatePoint } | undefined): string {
  return closest ? `not reached: closest at ${closest.point.rate}` : 'not reached';
}

function levelOf(point: RatePoint, of: MatchedLevel): Level {
  const finished = finishedPoint(point);
  return { point, level: finished && meanOf(finished, of) };
}

/** The first two neighbours that the target lies between; the grid grows where it lies beyond. */
async function findBracket(
  curve: RateCurve,
  of: MatchedLevel,
  target: number,
): Promise<readonly [Level, Level] | undefined> {
  for (;;) {
    const levels = curve.points.map((point) => levelOf(point, of));
    const crossing = levels.findIndex(({ level }, i) => {
      const next = levels[i + 1];
      if (level === undefined || level > target || !next) return false;
      return next.level === undefined || next.level >= target;
    });
    if (crossing >= 0) return [levels[crossing] as Level, levels[crossing + 1] as Level];
    const first = levels[0]?.level;
    const more = first !== undefined && first <= target ? curve.extendAbove() : curve.extendBelow();
    if (!(await more)) return undefined;
  }
}

/** @returns what was measured in between */
async function narrow(
  measure: (rate: number) => Promise<Level>,
  [low, high]: readonly [Level, Level],
  target: number,
): Promise<Level[]> {
  const tried: Level[] = [];
  for (let [below, above] = [low, high]; tried.length < MOST_MATCH_STEPS;) {
    if (isReached(closestTo([below, above], target), target)) break;
    const rate = interpolated(below, above, target);
    if (rate <= below.point.rate || rate >= above.point.rate) break;
    const own = await measure(rate);
    tried.push(own);
    if (own.level !== undefined && own.level <= target) below = own;
    else above = own;
  }
  return tried;
}

/** Where a straight line of log level over log rate has the target, away from both ends; halfway where a level has no log. */
function interpolated(below: Level, above: Level, target: number): number {
  const [low, high] = [Math.log(below.point.rate), Math.log(above.point.rate)];
  let share = 0.5;
  if (below.level && above.level && above.level > below.level)
    share = Math.log(target / below.level) / Math.log(above.level / below.level);
  // Four digits: a rate that people can type.
  return Number(Math.exp(low + Math.min(0.9, Math.max(0.1, share)) * (high - low)).toPrecision(4));
}

/** The smaller rate where two are as close. */
function closestTo(
  levels: readonly Level[],
  target: number,
): { readonly point: RatePoint; readonly level: number } | undefined {
  let closest: { point: RatePoint; level: number } | undefined;
  for (const { point, level } of levels)
    if (level !== undefined && (!closest || Math.abs(level - target) < Math.abs(closest.level - target)))
      closest = { point, level };
  return closest;
}
