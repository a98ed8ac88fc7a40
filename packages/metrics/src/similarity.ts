import { layerMetrics } from './catalogue.ts';
import type { LayerScores } from './layer-scores.ts';
import type { BaselineMetric, LearnerMetric, Random } from './metric.ts';
import type { ProbeArrays, ProbeShape } from './probes.ts';

/** Probes of the same examples in the three settings, in the same order. */
export interface SimilarityProbes {
  /** Zero-shot. */
  readonly zsl: readonly ProbeArrays[];
  /** In-context. */
  readonly icl: readonly ProbeArrays[];
  /** After fine-tuning, or any other learner. */
  readonly ft: readonly ProbeArrays[];
}

/** How {@link similarity} compares. */
export interface SimilarityOptions {
  /** Those of learners in the catalogue if absent; metrics of one's own are objects of the same form. */
  readonly metrics?: readonly (LearnerMetric | BaselineMetric)[];
  /** Uniform numbers in [0, 1), for baselines that draw. */
  readonly random?: Random;
}

/** Scores by metric id. */
export interface Similarity {
  readonly simaou: LayerScores;
  readonly simaou_norm: LayerScores;
  readonly simam: LayerScores;
  readonly simam_delta: LayerScores;
  readonly simaou_mismatched: LayerScores;
  readonly simaou_demeaned: LayerScores;
  readonly simaou_pooled: LayerScores;
  readonly update_norm: LayerScores;
  readonly simam_delta_mismatched: LayerScores;
  readonly simam_delta_centred: LayerScores;
  readonly simam_delta_softmax: LayerScores;
  readonly common_mode: LayerScores;
  readonly [id: string]: LayerScores;
}

/**
 * How alike what fine-tuning and what in-context learning change are, layer by layer: `similarity(…).simaou.values[layer]`.
 * @param shape `layers`, `heads` and `dModel`: a model's `config` has them
 * @returns by metric id; with `options.metrics` of those alone
 * @throws RangeError if lengths disagree with each other or with `shape`, a value is not finite, or a baseline draws without
 *   `random`
 */
export function similarity(probes: SimilarityProbes, shape: ProbeShape): Similarity;
export function similarity(
  probes: SimilarityProbes,
  shape: ProbeShape,
  options: SimilarityOptions,
): Readonly<Record<string, LayerScores>>;
export function similarity(
  probes: SimilarityProbes,
  shape: ProbeShape,
  { metrics, random = noRandom }: SimilarityOptions = {},
): Readonly<Record<string, LayerScores>> {
  requireProbes(probes);
  const chosen = metrics ?? layerMetrics.filter((metric) => metric.of === 'learner');
  if (!Array.isArray(chosen)) throw new RangeError('similarity: metrics is no list of metrics');
  for (const [i, metric] of chosen.entries())
    if (typeof (metric as LearnerMetric | undefined)?.score !== 'function')
      throw new RangeError(`similarity: metrics[${i}] is no metric; findMetric(id) gives a built-in one`);
  return Object.fromEntries(
    chosen.map((metric) => [
      metric.id,
      metric.of === 'learner' ? metric.score(probes, shape) : metric.score(probes, shape, random),
    ]),
  );
}

/** What types do not hold in JavaScript. @throws RangeError naming the setting */
function requireProbes(probes: SimilarityProbes): void {
  for (const setting of ['zsl', 'icl', 'ft'] as const)
    if (!Array.isArray(probes?.[setting]))
      throw new RangeError(`similarity: ${setting} is no list of probes; it takes { zsl, icl, ft }`);
}

function noRandom(): never {
  throw new RangeError('a baseline that draws needs `random`, uniform numbers in [0, 1)');
}
