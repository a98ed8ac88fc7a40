import { UserError } from '@icl-gd/gpu-kernels/errors';
import {
  type ExampleScore,
  type LayerMetric,
  type LayerScores,
  type MetricCatalogue,
  type OwnMetric,
  type PredictionMetric,
  type ProbeShape,
  builtInMetrics,
  exampleRange,
  metricCatalogue,
} from '@icl-gd/metrics';
import { z } from 'zod';
import { reasonOf } from './load-module.ts';
import type { ForeignMetric, ForeignMetrics } from './metric-file.ts';

const value = z.number({ error: (issue) => `is ${shown(issue.input)}, neither finite nor null` }).nullable();
const count = z.int('must be a whole number').nonnegative('must not be negative');
const exampleScore = z.object({ sum: z.number({ error: 'must be finite' }), count });
const counts = z.array(count, 'must be a list of a count for each layer');
const layerScores = z.object({
  values: z.array(value, 'must be a list of a number or null for each layer'),
  undefinedCounts: counts,
  totalCounts: counts.optional(),
  perExample: z.array(z.array(exampleScore), 'must be a list of layers of lists of examples'),
});

/**
 * The built-in metrics and the user's own, of which every result is checked.
 * @throws RangeError if two have the same id
 */
export function catalogueWith(foreign: ForeignMetrics = new Map()): MetricCatalogue {
  return foreign.size === 0 ? builtInMetrics : metricCatalogue([...foreign.values()].map(checked));
}

/** The metric, whose results are finite or null, in its range and of the right sizes, or refused in one line. */
function checked({ metric, path }: ForeignMetric): OwnMetric {
  return metric.kind === 'layers' ? checkedLayers(metric, path) : checkedPredictions(metric, path);
}

function checkedLayers(metric: LayerMetric, path: string): LayerMetric {
  const score = (
    probes: Readonly<Record<string, readonly unknown[]>>,
    { layers, ...shape }: ProbeShape,
    ...more: readonly unknown[]
  ): LayerScores => {
    // Each kind of metric has its own arguments; of which kind it is was checked where it was loaded.
    const compute = metric.score as (...all: readonly unknown[]) => unknown;
    const parsed = run(layerScores, metric, path, () =>
      compute.call(metric, probes, { layers, ...shape }, ...more),
    );
    if (!parsed.success) throw refusal(metric, path, describe(parsed.error.issues[0]));
    const scores = withinRange(parsed.data, metric);
    // The first alone: looking at one that was not recorded (icl-gd score) ends the computation.
    const [first] = Object.keys(probes);
    const examples = first === undefined ? 0 : (probes[first]?.length ?? 0);
    const fault = faultOf(scores, metric, layers, examples);
    if (fault !== undefined) throw refusal(metric, path, fault);
    return scores;
  };
  return { ...metric, score } as LayerMetric;
}

function checkedPredictions(metric: PredictionMetric, path: string): PredictionMetric {
  return {
    ...metric,
    score(predictions) {
      const parsed = run(value, metric, path, () => metric.score(predictions));
      if (!parsed.success) throw refusal(metric, path, `its value ${parsed.error.issues[0]?.message}`);
      const own = parsed.data === null ? null : rounded(parsed.data, metric.range);
      if (!isWithin(metric.range, own))
        throw refusal(metric, path, `its value ${outside(metric.range, own)}`);
      return own;
    },
  };
}

/** What a metric gives, looked at by a schema: its code and the result's members may throw anything. */
function run<T>(
  schema: z.ZodType<T>,
  metric: OwnMetric,
  path: string,
  compute: () => unknown,
): z.ZodSafeParseResult<T> {
  let isPromise: boolean;
  let parsed: z.ZodSafeParseResult<T>;
  try {
    const result = compute();
    isPromise = typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function';
    // Nobody waits for it.
    if (isPromise) Promise.resolve(result).catch(() => {});
    parsed = schema.safeParse(result);
  } catch (error) {
    throw refusal(metric, path, `score failed (${reasonOf(error)})`, error);
  }
  if (isPromise) throw refusal(metric, path, 'score gave a promise; it has to give the scores themselves');
  return parsed;
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  const place = issue?.path.map(String).join('.');
  return place ? `${place} ${issue?.message}` : 'score has to give values, undefinedCounts and perExample';
}

/** What is wrong with the sizes or numbers of scores by layer, if anything. */
function faultOf(
  { values, undefinedCounts, totalCounts, perExample }: LayerScores,
  metric: LayerMetric,
  layers: number,
  examples: number,
): string | undefined {
  const { range } = metric;
  const sized = { values, undefinedCounts, totalCounts: totalCounts ?? values, perExample };
  for (const [name, { length }] of Object.entries(sized))
    if (length !== layers) return `${name} has ${length} entries for ${layers} layers`;
  const tooMany = undefinedCounts.findIndex((own, layer) => own > (totalCounts?.[layer] ?? own));
  if (tooMany >= 0) return `undefinedCounts.${tooMany} is more than totalCounts.${tooMany}`;
  const ofExample = exampleRange(metric);
  for (const [layer, own] of perExample.entries()) {
    if (own.length !== examples)
      return `perExample.${layer} has ${own.length} entries for ${examples} examples`;
    if (!isWithin(range, values[layer] ?? null))
      return `values.${layer} ${outside(range, values[layer] ?? null)}`;
    const bad = own.findIndex((score) => !isWithin(ofExample, meanOf(score)));
    if (bad >= 0)
      return `perExample.${layer}.${bad}: its mean ${outside(ofExample, meanOf(own[bad] as ExampleScore))}`;
  }
  return undefined;
}

function meanOf({ sum, count: terms }: ExampleScore): number | null {
  return terms === 0 ? null : sum / terms;
}

type Range = OwnMetric['range'];

/** A cosine that rounding has put a little beyond 1 is 1. */
const ROUNDING = 1e-9;

function rounded(own: number, [low, high]: Range): number {
  if (low !== null && own < low && own >= low - ROUNDING) return low;
  return high !== null && own > high && own <= high + ROUNDING ? high : own;
}

function withinRange(scores: z.infer<typeof layerScores>, metric: LayerMetric): LayerScores {
  const { range } = metric;
  const ofExample = exampleRange(metric);
  const { totalCounts, ...rest } = scores;
  return {
    ...rest,
    ...(totalCounts === undefined ? {} : { totalCounts }),
    values: scores.values.map((own) => (own === null ? null : rounded(own, range))),
    perExample: scores.perExample.map((layer) =>
      layer.map((own) => {
        const mean = meanOf(own);
        return mean === null || isWithin(ofExample, mean)
          ? own
          : { ...own, sum: rounded(mean, ofExample) * own.count };
      }),
    ),
  };
}

function isWithin([low, high]: Range, own: number | null): boolean {
  return own === null || (own >= (low ?? -Infinity) && own <= (high ?? Infinity));
}

function outside([low, high]: Range, own: number | null): string {
  return `is ${own}, outside of its range from ${low ?? '-∞'} to ${high ?? '∞'}`;
}

function refusal({ id }: OwnMetric, path: string, fault: string, cause?: unknown): UserError {
  return Object.assign(
    new UserError(`${path}: metric ${id}: ${fault}`),
    cause === undefined ? {} : { cause },
  );
}

function shown(input: unknown): string {
  return typeof input === 'number' ? String(input) : input === undefined ? 'missing' : typeof input;
}
