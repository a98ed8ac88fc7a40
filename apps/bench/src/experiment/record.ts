import { layerMetrics } from '@icl-gd/metrics';
import { z } from 'zod';

/** What a noise floor is measured with; see noise-floor.ts. */
const PERTURBATIONS = ['summation-order', 'float16-weights', 'float16-activations'] as const;

/** Larger than anything that is computed from float32; sums of numbers below it stay finite. */
const LARGEST = 1e100;
const finite = z.number().min(-LARGEST).max(LARGEST);
const amount = finite.nonnegative();
const count = z.int().nonnegative();

const scores = z
  .object({
    /** By layer; null where every cosine is undefined. */
    values: z.array(finite.nullable()),
    undefinedCounts: z.array(count),
    /** By example: its mean over layers; null where it has no defined cosine. */
    examples: z.array(finite.nullable()),
    /** 95 % bootstrap interval over examples of the mean over layers. */
    interval: z.object({ lower: finite, upper: finite }).nullable(),
  })
  .refine(
    ({ values, undefinedCounts }) => values.length === undefinedCounts.length,
    'has layers without counts',
  );

const prediction = z
  .object({ predicted: count, optionLogProbs: z.array(finite) })
  .refine(({ predicted, optionLogProbs }) => predicted < optionLogProbs.length, 'is none of its options');

const trainingStep = z
  .object({
    gradientNorms: z.array(amount),
    losses: z.array(finite),
    releasedGradientNorms: z.array(amount).exactOptional(),
  })
  .refine(
    ({ gradientNorms, losses, releasedGradientNorms = gradientNorms }) =>
      losses.length === gradientNorms.length && releasedGradientNorms.length === gradientNorms.length,
    'has layers without losses',
  );

const RANGES = new Map(layerMetrics.map(({ id, range }) => [id, range]));

/** Whether the metric is known and can have the values. */
function isPossible(metric: string, values: readonly (number | null)[]): boolean {
  const range = RANGES.get(metric);
  if (!range) return false;
  const [least, most] = range;
  return values.every(
    (value) => value === null || (value >= (least ?? -Infinity) && value <= (most ?? Infinity)),
  );
}

const metrics = z
  .record(z.string(), scores)
  .refine(
    (own) =>
      Object.entries(own).every(([metric, { values, examples }]) =>
        isPossible(metric, [...values, ...examples]),
      ),
    'has values that its metric cannot have',
  )
  .refine(
    (own) => new Set(Object.values(own).flatMap(({ values }) => values.length)).size <= 1,
    'has metrics of different numbers of layers',
  );
const diverged = z.object({ status: z.literal('diverged'), message: z.string() });

/** Of a learner, or of a baseline: `metrics` by id, none for zero-shot; `training` by step, none without training. */
export const settingRecord = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('finished'),
    predictions: z.array(prediction),
    metrics,
    training: z.array(trainingStep),
  }),
  diverged,
]);

/** Of a learner, where nothing but its share of right answers is asked for. */
export const accuracyRecord = z.discriminatedUnion('status', [
  z.object({ status: z.literal('finished'), accuracy: z.number().min(0).max(1) }),
  diverged,
]);

/** Of two learners against each other. */
export const pairRecord = z.object({ metrics });

const noise = z
  .object({
    perturbation: z.enum(PERTURBATIONS),
    /** A learner, or `-`. */
    method: z.string(),
    metric: z.string(),
    /** The layer mean without and with the perturbation; null where undefined or diverged. */
    value: finite.nullable(),
    perturbed: finite.nullable(),
    /** Root mean square, over examples, of the change of an example's layer mean. */
    exampleChange: amount.nullable(),
    /** Largest absolute change of a layer's score. */
    layerChange: amount.nullable(),
  })
  .refine(
    ({ metric, value, perturbed }) => isPossible(metric, [value, perturbed]),
    'has values that its metric cannot have',
  );

export const noiseRecord = z.object({ noise: z.array(noise) });

/** What the records of a trial hold: one prediction a query, among as many options, and one score an example. */
export function recordsOf(queries: readonly { readonly options: readonly unknown[] }[]): {
  readonly setting: typeof settingRecord;
  readonly pair: typeof pairRecord;
  readonly noise: typeof noiseRecord;
} {
  const fits = (own: z.infer<typeof metrics>): boolean =>
    Object.values(own).every(({ examples }) => examples.length === queries.length);
  return {
    setting: settingRecord.refine(
      (record) =>
        record.status === 'diverged' ||
        (record.predictions.length === queries.length &&
          record.predictions.every((own, i) => own.optionLogProbs.length === queries[i]?.options.length) &&
          fits(record.metrics)),
      'is of other queries',
    ),
    pair: pairRecord.refine((record) => fits(record.metrics), 'is of other queries'),
    noise: noiseRecord,
  };
}

/** Per layer, as computed from the probes. */
export type ScoreRecord = z.infer<typeof scores>;
export type PredictionRecord = z.infer<typeof prediction>;
export type TrainingStepRecord = z.infer<typeof trainingStep>;
export type SettingRecord = z.infer<typeof settingRecord>;
export type AccuracyRecord = z.infer<typeof accuracyRecord>;
export type FinishedSetting = Extract<SettingRecord, { status: 'finished' }>;

export type NoiseEntry = z.infer<typeof noise>;
