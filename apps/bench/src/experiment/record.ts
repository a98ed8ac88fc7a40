import { z } from 'zod';

/** What a noise floor is measured with; see noise-floor.ts. */
const PERTURBATIONS = ['summation-order', 'float16-weights', 'float16-activations'] as const;

const scores = z.object({
  /** By layer; null where every cosine is undefined. */
  values: z.array(z.number().nullable()),
  undefinedCounts: z.array(z.number()),
  /** By example: its mean over layers; null where it has no defined cosine. */
  examples: z.array(z.number().nullable()),
  /** 95 % bootstrap interval over examples of the mean over layers. */
  interval: z.object({ lower: z.number(), upper: z.number() }).nullable(),
});

const prediction = z.object({ predicted: z.number(), optionLogProbs: z.array(z.number()) });

const trainingStep = z.object({
  gradientNorms: z.array(z.number()),
  losses: z.array(z.number()),
  releasedGradientNorms: z.array(z.number()).exactOptional(),
});

const metrics = z.record(z.string(), scores);
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

const noise = z.object({
  perturbation: z.enum(PERTURBATIONS),
  /** A learner, or `-`. */
  method: z.string(),
  metric: z.string(),
  /** The layer mean without and with the perturbation; null where undefined or diverged. */
  value: z.number().nullable(),
  perturbed: z.number().nullable(),
  /** Root mean square, over examples, of the change of an example's layer mean. */
  exampleChange: z.number().nullable(),
  /** Largest absolute change of a layer's score. */
  layerChange: z.number().nullable(),
});

export const noiseRecord = z.object({ noise: z.array(noise) });

/** Per layer, as computed from the probes. */
export type ScoreRecord = z.infer<typeof scores>;
export type PredictionRecord = z.infer<typeof prediction>;
export type TrainingStepRecord = z.infer<typeof trainingStep>;
export type SettingRecord = z.infer<typeof settingRecord>;
export type AccuracyRecord = z.infer<typeof accuracyRecord>;
export type FinishedSetting = Extract<SettingRecord, { status: 'finished' }>;

export type NoiseEntry = z.infer<typeof noise>;
