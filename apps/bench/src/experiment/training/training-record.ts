import { z } from 'zod';

const finite = z.number().min(-1e100).max(1e100);
const amount = finite.nonnegative();
const cosine = z.number().min(-1).max(1).nullable();
const share = z.number().min(0).max(1).nullable();

/** How a layer's trained weights move on the grid of float16. */
const layerPrecision = z.object({
  /** Share of the weights with round(W + ΔW) ≠ round(W); null where nothing is trained. */
  changed: share,
  /** cos(ΔW, round(W + ΔW) − W); null where one of them is zero. */
  cosine,
  /** cos(ΔW, round(W + ΔW) − round(W)); the same where W is of float16 itself. */
  cosineOfRounded: cosine,
  /** ‖ΔW‖ / ‖W‖; null where W is zero. */
  relativeSize: amount.nullable(),
});

/** Of a setting, by layer; none where its learner tells of no weights. */
export const precisionRecord = z.object({ precision: z.array(layerPrecision) });

/** Of a trial's settings against each other: the cosine of their weight changes by layer. */
export const weightPairsRecord = z.object({
  pairs: z.array(z.object({ ids: z.tuple([z.string(), z.string()]), values: z.array(cosine) })),
});

const variant = z.object({
  parameters: z.enum(['all', 'kv', 'key_bias']),
  reduction: z.enum(['sum', 'mean']),
  gradients: z.enum(['accumulated', 'reset']),
  /** By layer. */
  norms: z.array(amount),
});

/** Of a setting, the first and the last step; none where its learner reports none. */
export const gradientNormsRecord = z.object({
  steps: z.array(z.object({ step: z.int().nonnegative(), variants: z.array(variant) })),
});

export type LayerPrecision = z.infer<typeof layerPrecision>;
export type PrecisionRecord = z.infer<typeof precisionRecord>;
export type WeightPairsRecord = z.infer<typeof weightPairsRecord>;
export type GradientNormsRecord = z.infer<typeof gradientNormsRecord>;
