import {
  type CrossedScores,
  type Interval,
  crossedBootstrapInterval,
  crossedMean,
  mean,
} from '@icl-gd/metrics';
import { uniformsOf } from '../../experiment/uniforms.ts';
import { tQuantile, tTwoSidedP } from './distributions.ts';
import { type Spread, spreadOf } from './spread.ts';
import { tTest } from './t-interval.ts';

/**
 * What a 95 % interval is of: `seeds`, Student's t over the means of seeds; `bootstrap`, seeds and examples resampled; `examples`, the
 * examples of a single seed, which says nothing about other demonstrations.
 */
export type IntervalBasis = 'seeds' | 'bootstrap' | 'examples';

/** One of the intervals that were made of the same scores. */
export interface IntervalPart {
  readonly basis: IntervalBasis;
  /** At 95 %. */
  readonly interval: Interval;
  /** Degrees of freedom by which it is carried to other levels; Infinity for the normal distribution. */
  readonly df: number;
  /** What of it is not carried so: half the interval, at 95 %, of the examples that seeds share, added squared. */
  readonly shared?: { readonly half: number; readonly df: number };
}

/** A mean with its uncertainty; nulls where too little was measured. */
export interface Estimate {
  readonly value: number | null;
  /** At 95 %: the wider of {@link Estimate.parts}. */
  readonly interval: Interval | null;
  /** Which of them that is. */
  readonly basis: IntervalBasis | null;
  readonly parts: readonly IntervalPart[];
  /** Choices of demonstrations: seeds, and permutations of them. */
  readonly seeds: number;
  /** Null with fewer than two seeds. */
  readonly spread: Spread | null;
}

const LEVEL = 0.95;
const RESAMPLES = 1000;
/** The same scores give the same interval, in whatever order they are asked for. */
const BOOTSTRAP_SEED = 0n;

/**
 * Mean of scores by seed and example with a 95 % interval. Seeds are clusters: with two or more the interval is the wider of Student's t
 * over the means of seeds and of the crossed bootstrap, neither of which is enough alone (docs/inference.md). With one seed it is over
 * examples: the wider of t and bootstrap.
 */
export function estimate(scores: CrossedScores, resamples = RESAMPLES): Estimate {
  const own = scores.filter((row) => row.some((score) => score !== null));
  const bootstrap = crossedBootstrapInterval(own, {
    ...{ resamples, level: LEVEL, random: uniformsOf(BOOTSTRAP_SEED) },
  });
  const single = own.length === 1;
  const units = single
    ? own.flatMap((row) => row.filter((score) => score !== null))
    : own.flatMap((row) => mean(row.filter((score) => score !== null)) ?? []);
  const t = tTest(units, LEVEL);
  const spread = spreadOf(own);
  const parts: IntervalPart[] = [];
  if (t) {
    // What seeds share does not show in the variance of their means: its interval is added, squared.
    const shared = sharedHalf(spread);
    const half = Math.hypot(t.interval.upper - t.mean, shared.half);
    const interval = { lower: t.mean - half, upper: t.mean + half };
    parts.push({ basis: single ? 'examples' : 'seeds', interval, df: units.length - 1, shared });
  }
  if (bootstrap) parts.push({ basis: single ? 'examples' : 'bootstrap', interval: bootstrap, df: Infinity });
  return fromParts(crossedMean(own), parts, { seeds: own.length, spread });
}

function sharedHalf(spread: Spread | null): NonNullable<IntervalPart['shared']> {
  const df = Math.max(1, (spread?.examples ?? 0) - 1);
  return { half: tQuantile((1 + LEVEL) / 2, df) * Math.sqrt(spread?.exampleVariance ?? 0), df };
}

/** An estimate whose interval is the wider of the parts. */
export function fromParts(
  value: number | null,
  parts: readonly IntervalPart[],
  rest: Pick<Estimate, 'seeds' | 'spread'>,
): Estimate {
  const widest = widestOf(parts);
  return {
    ...{ value, parts, ...rest },
    ...{ interval: widest?.interval ?? null, basis: widest?.basis ?? null },
  };
}

/** The interval of an estimate at another level: the wider of its parts at that level. */
export function intervalAt({ value, parts }: Estimate, level: number): Interval | null {
  if (value === null) return null;
  const scaled = parts.map((part) => {
    const ratio = ratioAt(part, level);
    const { lower, upper } = part.interval;
    return {
      ...part,
      interval: { lower: value + ratio * (lower - value), upper: value + ratio * (upper - value) },
    };
  });
  return widestOf(scaled)?.interval ?? null;
}

/** By what a part is wider at a level than at 95 %. */
function ratioAt({ interval: { lower, upper }, df, shared }: IntervalPart, level: number): number {
  const ratio = (own: number): number => tQuantile((1 + level) / 2, own) / tQuantile((1 + LEVEL) / 2, own);
  const half = (upper - lower) / 2;
  if (!shared?.half || half === 0) return ratio(df);
  const own = Math.sqrt(Math.max(0, half ** 2 - shared.half ** 2));
  return Math.hypot(ratio(df) * own, ratio(shared.df) * shared.half) / half;
}

/**
 * Two-sided p-value of an estimate: the largest of its parts', so that it is below 0.05 only where `against` is outside all of them.
 * Below 0.05 it errs on the large side where examples matter, whose share is taken for Student's t of the seeds, too.
 * @param against what the value is tested against
 * @returns null without an interval
 */
export function pValue({ value, parts }: Estimate, against = 0): number | null {
  if (value === null || parts.length === 0) return null;
  const distance = Math.abs(value - against);
  if (distance === 0) return 1;
  return Math.max(
    ...parts.map(({ interval: { lower, upper }, df }) => {
      // By the bound on the side of what it is tested against.
      const half = value > against ? value - lower : upper - value;
      return half <= 0 ? 0 : tTwoSidedP((tQuantile((1 + LEVEL) / 2, df) * distance) / half, df);
    }),
  );
}

function widestOf(parts: readonly IntervalPart[]): IntervalPart | undefined {
  const width = ({ interval: { lower, upper } }: IntervalPart): number => upper - lower;
  return parts.reduce<IntervalPart | undefined>(
    (widest, part) => (widest && width(widest) >= width(part) ? widest : part),
    undefined,
  );
}

/** The estimate of factor × value + offset. */
export function mapEstimate(own: Estimate, factor: 1 | -1, offset: number): Estimate {
  const { value, interval, parts } = own;
  const mapped = ({ lower, upper }: Interval): Interval =>
    factor === 1
      ? { lower: lower + offset, upper: upper + offset }
      : { lower: offset - upper, upper: offset - lower };
  return {
    ...own,
    value: value === null ? null : factor * value + offset,
    interval: interval && mapped(interval),
    parts: parts.map((part) => ({ ...part, interval: mapped(part.interval) })),
  };
}
