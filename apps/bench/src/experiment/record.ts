import { type LayerMetric, type MetricCatalogue, builtInMetrics, exampleRange } from '@icl-gd/metrics';
import { z } from 'zod';

/** What a noise floor is measured with; see noise-floor.ts. */
const PERTURBATIONS = ['summation-order', 'float16-weights', 'float16-activations'] as const;

/** Larger than anything that is computed from float32; sums of numbers below it stay finite. */
const LARGEST = 1e100;
export const finite = z.number().min(-LARGEST).max(LARGEST);
const amount = finite.nonnegative();
const count = z.int().nonnegative();

const scores = z
  .object({
    /** By layer; null where every cosine is undefined. */
    values: z.array(finite.nullable()),
    undefinedCounts: z.array(count),
    /** How many cosines (of examples, or of examples × heads) there are, undefined ones included. */
    totalCounts: z.array(count),
    /** By example: its mean over layers (or that of its pseudo-values); null where it has no defined cosine. */
    examples: z.array(finite.nullable()),
    /** 95 % bootstrap interval over examples of the mean over layers. */
    interval: z.object({ lower: finite, upper: finite }).nullable(),
  })
  .refine(
    ({ values, undefinedCounts, totalCounts }) =>
      values.length === undefinedCounts.length && values.length === totalCounts.length,
    'has layers without counts',
  )
  .refine(
    ({ undefinedCounts, totalCounts }) =>
      undefinedCounts.every((own, layer) => own <= (totalCounts[layer] as number)),
    'has more undefined cosines than cosines',
  );

export const prediction = z
  .object({
    predicted: count,
    optionLogProbs: z.array(finite),
    /** The likeliest tokens after the prompt; absent where a learner does not give them. */
    nextTokens: z.array(count).exactOptional(),
  })
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

type Values = readonly (number | null)[];
/** Whether the metric is known and can have the values, of layers and of examples. */
type IsPossible = (metric: string, values: Values, examples?: Values) => boolean;

function possibleIn({ layerMetrics }: MetricCatalogue): IsPossible {
  const known = new Map(layerMetrics.map((metric) => [metric.id, metric]));
  const isWithin = (values: Values, [least, most]: LayerMetric['range']): boolean =>
    values.every((value) => value === null || (value >= (least ?? -Infinity) && value <= (most ?? Infinity)));
  return (id, values, examples = []) => {
    const metric = known.get(id);
    return metric !== undefined && isWithin(values, metric.range) && isWithin(examples, exampleRange(metric));
  };
}

const scoresByMetric = (isPossible: IsPossible) =>
  z
    .record(z.string(), scores)
    .refine(
      (own) =>
        Object.entries(own).every(([metric, { values, examples }]) => isPossible(metric, values, examples)),
      'has values that its metric cannot have',
    )
    .refine(
      (own) => new Set(Object.values(own).flatMap(({ values }) => values.length)).size <= 1,
      'has metrics of different numbers of layers',
    );
export const diverged = z.object({ status: z.literal('diverged'), message: z.string() });

const settingRecordOf = (isPossible: IsPossible) =>
  z.discriminatedUnion('status', [
    z.object({
      status: z.literal('finished'),
      predictions: z.array(prediction),
      metrics: scoresByMetric(isPossible),
      training: z.array(trainingStep),
      /** Its probes are directions: the predictions are zero-shot's, and belong to no table. */
      directionsOnly: z.literal(true).exactOptional(),
    }),
    diverged,
  ]);

/** Of a learner, or of a baseline: `metrics` by id, none for zero-shot; `training` by step, none without training. */
export const settingRecord = settingRecordOf(possibleIn(builtInMetrics));

/** Of a learner, where nothing but its share of right answers is asked for. */
export const accuracyRecord = z.discriminatedUnion('status', [
  z.object({ status: z.literal('finished'), accuracy: z.number().min(0).max(1) }),
  diverged,
]);

const pairRecordOf = (isPossible: IsPossible) => z.object({ metrics: scoresByMetric(isPossible) });

const noise = z.object({
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
});

const noiseRecordOf = (isPossible: IsPossible) =>
  z.object({
    noise: z.array(
      noise.refine(
        ({ metric, value, perturbed }) => isPossible(metric, [value, perturbed]),
        'has values that its metric cannot have',
      ),
    ),
  });

/** What the records of a trial hold. */
export interface TrialRecords {
  readonly setting: z.ZodType<SettingRecord>;
  /** Of two learners against each other. */
  readonly pair: z.ZodType<z.infer<ReturnType<typeof pairRecordOf>>>;
  readonly noise: z.ZodType<z.infer<ReturnType<typeof noiseRecordOf>>>;
}

/**
 * What the records of a trial hold: one prediction a query, among as many options, and one score an example.
 * @param metrics those that there are
 */
export function recordsOf(
  queries: readonly { readonly options: readonly unknown[] }[],
  metrics: MetricCatalogue = builtInMetrics,
): TrialRecords {
  const isPossible = possibleIn(metrics);
  const fits = (own: Readonly<Record<string, ScoreRecord>>): boolean =>
    Object.values(own).every(({ examples }) => examples.length === queries.length);
  return {
    setting: settingRecordOf(isPossible).refine(
      (record) =>
        record.status === 'diverged' ||
        (record.predictions.length === queries.length &&
          record.predictions.every((own, i) => own.optionLogProbs.length === queries[i]?.options.length) &&
          fits(record.metrics)),
      'is of other queries',
    ),
    pair: pairRecordOf(isPossible).refine((record) => fits(record.metrics), 'is of other queries'),
    noise: noiseRecordOf(isPossible),
  };
}

/** Per layer, as computed from the probes. */
export type ScoreRecord = z.infer<typeof scores>;
export type PredictionRecord = z.infer<typeof prediction>;
export type TrainingStepRecord = z.infer<typeof trainingStep>;
export type SettingRecord = z.infer<typeof settingRecord>;
export type AccuracyRecord = z.infer<typeof accuracyRecord>;
/** A setting that cannot be made of a trial's data: nothing of it is on record. */
export interface UnavailableSetting {
  readonly status: 'unavailable';
  readonly message: string;
}
export type FinishedSetting = Extract<SettingRecord, { status: 'finished' }>;

export type NoiseEntry = z.infer<typeof noise>;
