import {
  type Interval,
  type LayerMetric,
  type LayerScores,
  type MetricCatalogue,
  type ProbeArrays,
  type ProbeShape,
  bootstrapLayerMeanIntervals,
  builtInMetrics,
  exampleMeans,
  lookingOnceAtProbes,
  totalCounts,
} from '@icl-gd/metrics';
import type { Learner } from '@icl-gd/methods';
import { Pcg64 } from '@icl-gd/transformer/random';
import type { ScoreRecord } from './record.ts';
import { uniformsOf } from './uniforms.ts';

type Probes = readonly ProbeArrays[];

/** Scores by metric id. */
export type ScoresByMetric = ReadonlyMap<string, LayerScores>;

const RESAMPLES = 1000;
const LEVEL = 0.95;
/** Its own stream: metrics that draw do so from the plain seed. */
const BOOTSTRAP_STREAM = 1n;

/** What is measured of in-context learning alone. */
export function scoreBaseline(
  probes: { icl: Probes; zsl: Probes },
  shape: ProbeShape,
  seed: number,
  metrics: MetricCatalogue = builtInMetrics,
): ScoresByMetric {
  return score(metrics, 'baseline', (metric) => metric.score(probes, shape, drawsOf(seed)));
}

/** What metrics that draw draw from: each from the beginning. */
export function drawsOf(seed: number): () => number {
  const uniform = new Pcg64(seed);
  return () => uniform.random();
}

/** What is measured of one learner. */
export function scoreLearner(
  learner: Pick<Learner, 'inapplicableMetrics'>,
  probes: { icl: Probes; zsl: Probes; ft: Probes },
  shape: ProbeShape,
  metrics: MetricCatalogue = builtInMetrics,
): ScoresByMetric {
  return score(metrics, 'learner', (metric) =>
    learner.inapplicableMetrics?.includes(metric.id) ? undefined : metric.score(probes, shape),
  );
}

/** What is measured of two settings against each other, if their pair is in the catalogue. */
export function scorePair(
  [a, b]: readonly [string, string],
  probes: { first: Probes; second: Probes; zsl: Probes },
  shape: ProbeShape,
  metrics: MetricCatalogue = builtInMetrics,
): ScoresByMetric {
  return score(metrics, 'pair', (metric) =>
    metric.learners[0] === a && metric.learners[1] === b ? metric.score(probes, shape) : undefined,
  );
}

/** Pairs of the catalogue of which both settings are among those given. */
export function pairsAmong(
  settings: readonly string[],
  metrics: MetricCatalogue = builtInMetrics,
): (readonly [string, string])[] {
  const pairs = metrics.layerMetrics.flatMap((metric) => (metric.of === 'pair' ? [metric.learners] : []));
  const distinct = pairs.filter((pair, i) => pairs.findIndex((other) => `${other}` === `${pair}`) === i);
  return distinct.filter((pair) => pair.every((id) => settings.includes(id)));
}

/** Every metric by layer of one kind, without those that nothing is computed of. */
export function score<Of extends LayerMetric['of']>(
  { layerMetrics }: MetricCatalogue,
  of: Of,
  compute: (metric: Extract<LayerMetric, { of: Of }>) => LayerScores | undefined,
): ScoresByMetric {
  return lookingOnceAtProbes(() => {
    const scores = new Map<string, LayerScores>();
    for (const metric of layerMetrics) {
      if (metric.of !== of) continue;
      const own = compute(metric as Extract<LayerMetric, { of: Of }>);
      if (own) scores.set(metric.id, own);
    }
    return scores;
  });
}

/** What a record keeps of scores; intervals are drawn from the seed. */
export function toScoreRecords(scores: ScoresByMetric, seed: number): Record<string, ScoreRecord> {
  const all = [...scores];
  const intervals = bootstrapLayerMeanIntervals(
    all.map(([, { perExample }]) => perExample),
    {
      ...{ resamples: RESAMPLES, level: LEVEL },
      begin: () => uniformsOf((BigInt(seed) << 32n) | BOOTSTRAP_STREAM),
    },
  );
  return Object.fromEntries(
    all.map(([id, own], i) => {
      const { values, undefinedCounts } = own;
      return [
        id,
        {
          ...{ values: [...values], undefinedCounts: [...undefinedCounts], totalCounts: totalCounts(own) },
          ...{ examples: exampleMeans(own), interval: intervals[i] as Interval | null },
        },
      ];
    }),
  );
}
