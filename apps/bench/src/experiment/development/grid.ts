import type { EvaluateRate, RatePoint } from './rate-point.ts';

/** Neighbours on the grid. A power of two: rates of the grid are exact multiples of the published one. */
const GRID_FACTOR = 4;
/** The grid has the published rate × 4^−3 … 4^3, from 1/64 to 64 times. */
const GRID_REACH = 3;
/** How many more rates a search may ask for on either side, where what it looks for lies beyond the grid. */
const MOST_EXTENSIONS = 3;

/** Rates that every learner is tried at, ascending. */
export function rateGrid(published: number): number[] {
  return Array.from({ length: 2 * GRID_REACH + 1 }, (_, i) => published * GRID_FACTOR ** (i - GRID_REACH));
}

/** Rates of the grid with what was measured at them, ascending; grows at its ends. */
export class RateCurve {
  readonly #evaluate: EvaluateRate;
  readonly #points: RatePoint[];
  #below = 0;
  #above = 0;

  private constructor(evaluate: EvaluateRate, points: RatePoint[]) {
    this.#evaluate = evaluate;
    this.#points = points;
  }

  static async measure(evaluate: EvaluateRate, published: number): Promise<RateCurve> {
    const points: RatePoint[] = [];
    for (const rate of rateGrid(published)) points.push(await evaluate(rate));
    return new RateCurve(evaluate, points);
  }

  get points(): readonly RatePoint[] {
    return this.#points;
  }

  /** Rates that were added. */
  get extensions(): number {
    return this.#below + this.#above;
  }

  /** @returns the point below the smallest; undefined where the limit is reached */
  async extendBelow(): Promise<RatePoint | undefined> {
    if (this.#below === MOST_EXTENSIONS) return undefined;
    this.#below++;
    const point = await this.#evaluate((this.#points[0] as RatePoint).rate / GRID_FACTOR);
    this.#points.unshift(point);
    return point;
  }

  /** @returns the point above the largest; undefined where the limit is reached */
  async extendAbove(): Promise<RatePoint | undefined> {
    if (this.#above === MOST_EXTENSIONS) return undefined;
    this.#above++;
    const point = await this.#evaluate((this.#points.at(-1) as RatePoint).rate * GRID_FACTOR);
    this.#points.push(point);
    return point;
  }
}
