import type { LayerScores, MetricCatalogue, ProbeArrays, ProbeShape } from '@icl-gd/metrics';
import { type ScoresByMetric, scoreBaseline, scoreLearner, scorePair } from '../scores.ts';

type Probes = readonly ProbeArrays[];

/** What is compared; everything that is computed of it follows from this and the probes. */
export type Comparison =
  | { readonly of: 'baseline'; readonly seed: number }
  | { readonly of: 'learner'; readonly inapplicableMetrics: readonly string[] }
  | { readonly of: 'pair'; readonly ids: readonly [string, string] };

/** By the names that metrics have for them. */
export type ComparedProbes<Own = Probes> = Readonly<
  Partial<Record<'icl' | 'zsl' | 'ft' | 'first' | 'second', Own>>
>;

/** Every metric of a comparison. */
export function scoreComparison(
  comparison: Comparison,
  probes: ComparedProbes,
  shape: ProbeShape,
  metrics: MetricCatalogue,
): ScoresByMetric {
  const { icl = [], zsl = [], ft = [], first = [], second = [] } = probes;
  if (comparison.of === 'baseline') return scoreBaseline({ icl, zsl }, shape, comparison.seed, metrics);
  if (comparison.of === 'learner') return scoreLearner(comparison, { icl, zsl, ft }, shape, metrics);
  return scorePair(comparison.ids, { first, second, zsl }, shape, metrics);
}

/** Scores of some layers, to be sent between threads. */
export interface PackedScores extends Omit<LayerScores, 'perExample'> {
  /** [layer][example]: sums and counts of `perExample`. */
  readonly sums: readonly Float64Array<ArrayBuffer>[];
  readonly counts: readonly Float64Array<ArrayBuffer>[];
}

export function packScores({ perExample, ...rest }: LayerScores): PackedScores {
  return {
    ...rest,
    sums: perExample.map((layer) => Float64Array.from(layer, ({ sum }) => sum)),
    counts: perExample.map((layer) => Float64Array.from(layer, ({ count }) => count)),
  };
}

/** Scores of all layers from those of some, in their order. */
export function joinScores(parts: readonly PackedScores[]): LayerScores {
  const totals = parts.flatMap(({ totalCounts = [] }) => totalCounts);
  return {
    values: parts.flatMap(({ values }) => values),
    undefinedCounts: parts.flatMap(({ undefinedCounts }) => undefinedCounts),
    ...(totals.length > 0 ? { totalCounts: totals } : {}),
    perExample: parts.flatMap(({ sums, counts }) =>
      sums.map((own, layer) =>
        Array.from(own, (sum, example) => ({ sum, count: counts[layer]?.[example] as number })),
      ),
    ),
  };
}
