import { z } from 'zod';

const count = z.int().nonnegative();
const rank = z.number().min(-1).max(1).nullable();
const share = z.number().min(0).max(1).nullable();

/** Of one layer: means over examples, null where nothing is defined. */
const layer = z.object({
  /** Examples whose Kendall's τ is defined. */
  examples: count,
  kendallTau: rank,
  /** With random scores in place of fine-tuning's. */
  kendallTauRandom: rank,
  /** Null where there are fewer items than k. */
  topKRecall: share,
  topKRecallRandom: share,
});

const level = z.object({
  /** Tokens, or demonstrations, that are ranked. */
  items: count,
  k: count,
  layers: z.array(layer),
});

/** How far ICL and a learner attend to the same demonstrations: over their tokens, and over the demonstrations. */
export const trainingAttentionRecord = z
  .object({ token: level, example: level })
  .refine(
    ({ token, example }) => token.layers.length === example.layers.length,
    'has layers without a level',
  );

export type TrainingAttentionRecord = z.infer<typeof trainingAttentionRecord>;
export type AttentionLevel = z.infer<typeof level>;
export type LayerAgreement = z.infer<typeof layer>;
