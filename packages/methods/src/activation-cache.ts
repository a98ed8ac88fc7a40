import type { DecoderConfig } from '@icl-gd/transformer';
import type { Probe } from './learner.ts';

/** Arrays by the names of TransformerLens's activation cache, float32, row-major. */
export type ActivationCache = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

/**
 * What TransformerLens's `run_with_cache` calls h and m of a probe, for a batch of one and the probed token alone:
 * `blocks.<layer>.hook_attn_out` [1, 1, d] and `blocks.<layer>.attn.hook_attn_scores` [1, H, 1, queryLength]. There the keys
 * are all tokens from BOS on; here they are the query's own. The arrays are views of the probe's.
 * @param config of the probed model
 */
export function activationCache(
  { attentionOutput, attentionScores, queryLength }: Probe,
  { layers, heads, dModel }: Pick<DecoderConfig, 'layers' | 'heads' | 'dModel'>,
): ActivationCache {
  const cache = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  const scores = heads * queryLength;
  for (let layer = 0; layer < layers; layer++) {
    cache.set(`blocks.${layer}.hook_attn_out`, {
      shape: [1, 1, dModel],
      data: attentionOutput.subarray(layer * dModel, (layer + 1) * dModel),
    });
    cache.set(`blocks.${layer}.attn.hook_attn_scores`, {
      shape: [1, heads, 1, queryLength],
      data: attentionScores.subarray(layer * scores, (layer + 1) * scores),
    });
  }
  return cache;
}
