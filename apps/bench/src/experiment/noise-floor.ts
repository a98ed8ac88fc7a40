import { decodeFloat16, encodeFloat16 } from '@icl-gd/gpu-kernels';
import type { Probe } from '@icl-gd/methods';
import { exampleMeans, layerMean } from '@icl-gd/metrics';
import { type Model, withHalfParameters } from '@icl-gd/transformer';
import type { NoiseEntry } from './record.ts';
import type { ScoresByMetric } from './scores.ts';

/** Probes by setting. */
export type ProbesBySetting = ReadonlyMap<string, readonly Probe[]>;
/** Scores by `method` (a learner, or `-`) and metric. */
export type ScoresByMethod = ReadonlyMap<string, ScoresByMetric>;

/** How often a noise floor has all settings probed again. */
export const NOISE_FLOOR_PASSES = 2;

interface NoiseFloorWork {
  readonly model: Model;
  readonly probes: ProbesBySetting;
  readonly score: (probes: ProbesBySetting) => ScoresByMethod;
  /** Probes on a model the settings that do not diverge there; `halfWeights` as of a learner. */
  readonly probeAgain: (model: Model, halfWeights: boolean) => Promise<ProbesBySetting>;
}

/**
 * How much each score changes under perturbations that leave the mathematics as it is (docs/numerics.md):
 * `summation-order`: every matrix product, forward and backward, sums in descending order, so that all float32 rounding
 * is drawn anew; `float16-weights`: the trained projections hold what float16 can, before and after training;
 * `float16-activations`: h and m are rounded to float16 once recorded.
 */
export async function measureNoiseFloor({
  model,
  probes,
  score,
  probeAgain,
}: NoiseFloorWork): Promise<NoiseEntry[]> {
  const before = score(probes);
  // One after another: probes of all settings take much memory.
  const compare = (perturbation: NoiseEntry['perturbation'], own: ProbesBySetting): NoiseEntry[] =>
    changes(perturbation, before, score(own));
  const reordered = model.on(model.gpu.with({ summation: 'descending' }));
  const summation = compare('summation-order', await probeAgain(reordered, false));
  using rounded = withHalfParameters(model, 'attention.kv');
  const weights = compare('float16-weights', await probeAgain(rounded, true));
  const halves = new Map([...probes].map(([setting, own]) => [setting, own.map(roundProbe)]));
  return [...summation, ...weights, ...compare('float16-activations', halves)];
}

/** One entry a score, with nulls where the perturbed one is not there or undefined. */
export function changes(
  perturbation: NoiseEntry['perturbation'],
  before: ScoresByMethod,
  after: ScoresByMethod,
): NoiseEntry[] {
  return [...before].flatMap(([method, byMetric]) =>
    [...byMetric].map(([metric, scores]) => {
      const other = after.get(method)?.get(metric);
      const entry = { perturbation, method, metric, value: layerMean(scores.values) };
      if (!other) return { ...entry, perturbed: null, exampleChange: null, layerChange: null };
      const examples = differences(exampleMeans(scores), exampleMeans(other));
      const layers = differences(scores.values, other.values);
      return {
        ...entry,
        perturbed: layerMean(other.values),
        exampleChange: examples.length === 0 ? null : rootMeanSquare(examples),
        layerChange: layers.length === 0 ? null : layers.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
      };
    }),
  );
}

/** Of what is defined on both sides. */
function differences(a: readonly (number | null)[], b: readonly (number | null)[]): number[] {
  return a.flatMap((value, i) => {
    const other = b[i] ?? null;
    return value === null || other === null ? [] : [other - value];
  });
}

function rootMeanSquare(values: readonly number[]): number {
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (largest === 0) return 0;
  // Scaled, so that the squares of tiny differences do not vanish.
  const sum = values.reduce((total, x) => total + (x / largest) ** 2, 0);
  return (largest * Math.sqrt(sum)) / Math.sqrt(values.length);
}

/** A score beyond float16's range stays at its largest number. */
function roundProbe(probe: Probe): Probe {
  const round = (values: Float32Array): Float32Array =>
    decodeFloat16(
      encodeFloat16(values.map((value) => Math.max(-LARGEST_HALF, Math.min(LARGEST_HALF, value)))),
    );
  return {
    ...probe,
    attentionOutput: round(probe.attentionOutput),
    attentionScores: round(probe.attentionScores),
  };
}

const LARGEST_HALF = 65504;
