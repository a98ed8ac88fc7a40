import { parentPort } from 'node:worker_threads';
import { type MetricCatalogue, type ProbeShape, builtInMetrics } from '@icl-gd/metrics';
import type { ScoreRecord } from '../record.ts';
import { toScoreRecords } from '../scores.ts';
import {
  type ComparedProbes,
  type Comparison,
  type PackedScores,
  joinScores,
  packScores,
  scoreComparison,
} from './score-work.ts';
import { type ProbePlaces, layersOf } from './shared-probes.ts';

/** Built-in metrics of some layers. */
export interface LayersJob {
  readonly kind: 'layers';
  readonly comparison: Comparison;
  readonly probes: ComparedProbes<ProbePlaces>;
  readonly shape: ProbeShape;
  readonly metrics: readonly string[];
  /** From the first up to the second. */
  readonly layers: readonly [number, number];
}

/** What a record keeps of a metric. */
export interface RecordJob {
  readonly kind: 'record';
  readonly parts: readonly PackedScores[];
  readonly seed: number;
}

export type ScoringJob = LayersJob | RecordJob;

export type ScoringReply =
  | { readonly scores: ReadonlyMap<string, PackedScores> }
  | { readonly record: ScoreRecord }
  | { readonly failure: string };

function scoreLayers({
  comparison,
  probes,
  shape,
  metrics,
  layers,
}: LayersJob): ReadonlyMap<string, PackedScores> {
  const [from, to] = layers;
  const own = Object.fromEntries(
    Object.entries(probes).map(([name, places]) => [name, layersOf(places, shape, layers)]),
  );
  const catalogue: MetricCatalogue = {
    ...builtInMetrics,
    layerMetrics: builtInMetrics.layerMetrics.filter(({ id }) => metrics.includes(id)),
  };
  const scores = scoreComparison(comparison, own, { ...shape, layers: to - from }, catalogue);
  return new Map([...scores].map(([id, ofMetric]) => [id, packScores(ofMetric)]));
}

function reply(job: ScoringJob): ScoringReply {
  try {
    if (job.kind === 'layers') return { scores: scoreLayers(job) };
    const records = toScoreRecords(new Map([['', joinScores(job.parts)]]), job.seed);
    return { record: records[''] as ScoreRecord };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

/** What need not be copied. */
function buffersOf(own: ScoringReply): ArrayBuffer[] {
  if (!('scores' in own)) return [];
  return [...own.scores.values()].flatMap(({ sums, counts }) =>
    [...sums, ...counts].map(({ buffer }) => buffer),
  );
}

parentPort?.on('message', (job: ScoringJob) => {
  const own = reply(job);
  parentPort?.postMessage(own, buffersOf(own));
});
