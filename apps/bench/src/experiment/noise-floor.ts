import { type Probe, DivergedError } from '@icl-gd/methods';
import { exampleMeans, layerMean } from '@icl-gd/metrics';
import { type Model, withHalfParameters } from '@icl-gd/transformer';
import type { NoiseRecord } from './record.ts';
import type { Scores } from './scores.ts';

type Probes = ReadonlyMap<string, readonly Probe[]>;

/** How often a noise floor has all settings probed again. */
export const NOISE_FLOOR_PASSES = 2;

/**
 * How much each score changes under perturbations that leave the mathematics as it is (docs/numerics.md):
 * `summation-order`: every matrix product, forward and backward, sums in descending order, so that all float32 rounding
 * is drawn anew; `float16-weights`: the trained projections hold what float16 can, before and after training;
 * `float16-activations`: h and m are rounded to float16 once recorded.
 * @param scoreAgain scores other probes as `scores` were
 * @param probeAgain probes all settings on a model, or throws DivergedError; `halfWeights` as of a learner
 */
export async function measureNoiseFloor(
  model: Model,
  probes: Probes,
  scores: Scores,
  scoreAgain: (probes: Probes) => Scores,
  probeAgain: (model: Model, halfWeights: boolean) => Promise<Probes>,
): Promise<NoiseRecord[]> {
  const reordered = await unlessDiverged(() =>
    probeAgain(model.on(model.gpu.with({ summation: 'descending' })), false),
  );
  const halfWeights = await unlessDiverged(async () => {
    using rounded = withHalfParameters(model, 'attention.kv');
    return await probeAgain(rounded, true);
  });
  const halfActivations = new Map([...probes].map(([setting, own]) => [setting, own.map(roundProbe)]));
  const all = {
    'summation-order': reordered,
    'float16-weights': halfWeights,
    'float16-activations': halfActivations,
  } satisfies Record<NoiseRecord['perturbation'], Probes | undefined>;
  return Object.entries(all).flatMap(([perturbation, own]) =>
    changes(perturbation as NoiseRecord['perturbation'], scores, own ? scoreAgain(own) : []),
  );
}

/** One entry a score, with nulls where the perturbed one is not there or undefined. */
export function changes(
  perturbation: NoiseRecord['perturbation'],
  before: Scores,
  after: Scores,
): NoiseRecord[] {
  return before.map(({ method, metric, scores }) => {
    const other = after.find((own) => own.method === method && own.metric === metric)?.scores;
    const value = layerMean(scores.values);
    if (!other)
      return { perturbation, method, metric, value, perturbed: null, exampleChange: null, layerChange: null };
    const examples = differences(exampleMeans(scores), exampleMeans(other));
    const layers = differences(scores.values, other.values);
    return {
      ...{ perturbation, method, metric, value, perturbed: layerMean(other.values) },
      exampleChange: examples.length === 0 ? null : Math.hypot(...examples) / Math.sqrt(examples.length),
      layerChange: layers.length === 0 ? null : Math.max(...layers.map(Math.abs)),
    };
  });
}

/** Of what is defined on both sides. */
function differences(a: readonly (number | null)[], b: readonly (number | null)[]): number[] {
  return a.flatMap((value, i) => {
    const other = b[i] ?? null;
    return value === null || other === null ? [] : [other - value];
  });
}

/** A logit beyond float16's range stays at its largest number. */
function roundProbe(probe: Probe): Probe {
  const round = (values: Float32Array): Float32Array =>
    values.map((value) => Math.f16round(Math.max(-LARGEST_HALF, Math.min(LARGEST_HALF, value))));
  return {
    ...probe,
    attentionOutput: round(probe.attentionOutput),
    attentionScores: round(probe.attentionScores),
  };
}

const LARGEST_HALF = 65504;

async function unlessDiverged(probe: () => Promise<Probes>): Promise<Probes | undefined> {
  try {
    return await probe();
  } catch (error) {
    if (error instanceof DivergedError) return undefined;
    throw error;
  }
}
