import { availableParallelism } from 'node:os';
import { type MetricCatalogue, type ProbeArrays, type ProbeShape, builtInMetrics } from '@icl-gd/metrics';
import { moduleBeside } from '../../terminal/module-beside.ts';
import type { ScoreRecord } from '../record.ts';
import { toScoreRecords } from '../scores.ts';
import { type ComparedProbes, type Comparison, type PackedScores, scoreComparison } from './score-work.ts';
import type { LayersJob, ScoringJob, ScoringReply } from './scoring-worker.ts';
import { SharedMemory, inSharedMemory, placesOf } from './shared-probes.ts';
import { ThreadPool } from './thread-pool.ts';

/** As many numbers of h take a second to score; with fewer, starting threads would not pay. */
const LEAST_NUMBERS = 1 << 22;
/** Times the bytes of a setting's probes that must be free: the next setting's, and as much again for what is made of them. */
const ROOM = 2;
/** More would wait for the slowest layer. */
const MOST_THREADS = 24;

export interface ScoringOptions {
  /** One or two fewer than the machine has room for if absent: the device is fed beside them. */
  readonly threads?: number;
  /** Numbers of h of a setting from which on threads score it. */
  readonly leastNumbers?: number;
}

/** What is scored, and for which records. */
export interface ScoringWork {
  readonly comparison: Comparison;
  readonly probes: ComparedProbes;
  readonly shape: ProbeShape;
  readonly metrics: MetricCatalogue;
  /** That intervals are drawn from. */
  readonly seed: number;
}

/**
 * Scores probes: those of few or small examples at once, others in threads, layer by layer, while the caller does something else. The
 * numbers are the same. Metrics that are not built in are computed in the thread of the caller.
 */
export class Scoring {
  readonly #leastNumbers: number;
  readonly #threads: number;
  #pool: ThreadPool<ScoringJob, ScoringReply> | undefined;

  constructor({
    threads = threadsFor(availableParallelism()),
    leastNumbers = LEAST_NUMBERS,
  }: ScoringOptions = {}) {
    this.#threads = threads;
    this.#leastNumbers = leastNumbers;
  }

  /**
   * Whether something else may be done while a setting of these examples is scored, if only by the device: memory has room for the
   * probes of another.
   */
  isBeside(probes: readonly ProbeArrays[]): boolean {
    const numbers = probes.reduce(
      (sum, { attentionOutput, attentionScores }) => sum + attentionOutput.length + attentionScores.length,
      0,
    );
    return ROOM * numbers * Float32Array.BYTES_PER_ELEMENT <= process.availableMemory();
  }

  /** What makes the arrays of probes where threads can read them; undefined where none will. */
  allocatorFor(queries: readonly unknown[], shape: ProbeShape): SharedMemory['take'] | undefined {
    return this.#isLarge(queries, shape) ? new SharedMemory().take : undefined;
  }

  /** The probes where threads can read them, if any will. */
  place<P extends ProbeArrays>(probes: readonly P[], shape: ProbeShape): readonly P[] {
    return this.#isLarge(probes, shape) ? inSharedMemory(probes) : probes;
  }

  /**
   * What records keep of every metric of a comparison, in the order of the catalogue.
   * @throws RangeError for probes that do not fit; UserError for a metric of the user's own that fails
   */
  async records(work: ScoringWork): Promise<Record<string, ScoreRecord>> {
    const { comparison, probes, shape, metrics, seed } = work;
    const here = (own: MetricCatalogue['layerMetrics']): Record<string, ScoreRecord> =>
      toScoreRecords(scoreComparison(comparison, probes, shape, { ...metrics, layerMetrics: own }), seed);
    if (!this.#isLarge(probes.zsl ?? [], shape)) return here(metrics.layerMetrics);
    const builtIn = metrics.layerMetrics.filter(
      (metric) => metric.of === comparison.of && builtInMetrics.layerMetrics.includes(metric),
    );
    const inThreads = this.#inThreads(
      work,
      builtIn.map(({ id }) => id),
    );
    // Where it is not waited for, a metric of the user's own has failed.
    inThreads.catch(() => {});
    const own = here(metrics.layerMetrics.filter((metric) => !builtInMetrics.layerMetrics.includes(metric)));
    // Whatever became of the threads: what is wrong with the probes is said where it is found without them.
    const all = await inThreads.then(
      (records) => ({ ...records, ...own }),
      () => here(metrics.layerMetrics),
    );
    return Object.fromEntries(
      metrics.layerMetrics.flatMap(({ id }) => (all[id] ? [[id, all[id]] as const] : [])),
    );
  }

  dispose(): void {
    this.#pool?.dispose();
    this.#pool = undefined;
  }

  #isLarge({ length }: readonly unknown[], { layers, dModel }: ProbeShape): boolean {
    return this.#threads > 0 && length > 0 && length * layers * dModel >= this.#leastNumbers;
  }

  async #inThreads(
    { comparison, probes, shape, seed }: ScoringWork,
    metrics: readonly string[],
  ): Promise<Record<string, ScoreRecord>> {
    const places = Object.fromEntries(
      Object.entries(probes).map(([name, own]) => [name, placesOf(inSharedMemory(own))]),
    );
    const jobs = partsOf(comparison, shape, metrics).map((part): LayersJob => ({
      ...{ kind: 'layers', comparison, probes: places, shape },
      ...part,
    }));
    const parts = await Promise.all(
      jobs.map(async (job) => {
        const reply = await this.#run(job);
        return 'scores' in reply ? [...reply.scores] : [];
      }),
    );
    const byMetric = new Map<string, PackedScores[]>();
    for (const [id, own] of parts.flat()) byMetric.set(id, [...(byMetric.get(id) ?? []), own]);
    const records = await Promise.all(
      [...byMetric].map(async ([id, own]) => {
        const reply = await this.#run({ kind: 'record', parts: own, seed });
        return 'record' in reply ? [[id, reply.record] as const] : [];
      }),
    );
    return Object.fromEntries(records.flat());
  }

  async #run(job: ScoringJob): Promise<ScoringReply> {
    this.#pool ??= new ThreadPool(moduleBeside(import.meta.url, './scoring-worker'), this.#threads);
    const reply = await this.#pool.run(job);
    if ('failure' in reply) throw new Error(reply.failure);
    return reply;
  }
}

export function threadsFor(parallelism: number): number {
  return Math.min(MOST_THREADS, Math.max(1, parallelism - (parallelism > 4 ? 2 : 1)));
}

/** Metrics that draw do so example by example, through all layers: each of them is a part. All others go layer by layer. */
function partsOf(
  { of }: Comparison,
  { layers }: ProbeShape,
  metrics: readonly string[],
): Pick<LayersJob, 'metrics' | 'layers'>[] {
  if (of === 'baseline') return metrics.map((id) => ({ metrics: [id], layers: [0, layers] }));
  return Array.from({ length: layers }, (_, layer) => ({ metrics, layers: [layer, layer + 1] }));
}
