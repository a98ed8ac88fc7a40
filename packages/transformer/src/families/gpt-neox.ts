import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family, ParameterSource } from './family.ts';
import { Sources } from './sources.ts';
import { readRope, rescalingSchema } from './rope.ts';
import { parseConfig, layerCount, positiveInteger, readActivation, tokenId } from './schema.ts';

const schema = z.looseObject({
  ...rescalingSchema,
  num_hidden_layers: layerCount,
  hidden_size: positiveInteger,
  num_attention_heads: positiveInteger,
  intermediate_size: positiveInteger,
  max_position_embeddings: positiveInteger,
  vocab_size: positiveInteger,
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  /** Read for the rotary positions alone; heads are of hidden_size. */
  head_dim: positiveInteger.nullish(),
  rotary_pct: z.number().positive().max(1).nullish(),
  rotary_emb_base: z.number().positive().nullish(),
  attention_bias: z.boolean().default(true),
  use_parallel_residual: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(false),
});

/** GPT-NeoX and Pythia. Stored `masked_bias` and `inv_freq` are buffers, not parameters: nothing reads them. */
export const gptNeoX: Family = {
  modelType: 'gpt_neox',
  architecture: 'GPTNeoXForCausalLM',
  keys: Object.keys(schema.shape),

  readConfig(json, file): DecoderConfig {
    const config = parseConfig(schema, json, file);
    const headDim = config.hidden_size / config.num_attention_heads;
    if ((config.head_dim ?? headDim) !== headDim)
      throw new UserError(
        `${file}: head_dim ${config.head_dim} is not supported; heads have ${headDim}`,
        'unsupported-model',
      );
    const outer = { rope_theta: config.rotary_emb_base, partial_rotary_factor: config.rotary_pct };
    const rope = readRope({ ...config, ...outer }, file);
    const { attention_bias: attentionBias } = config;
    return {
      family: 'gpt_neox',
      layers: config.num_hidden_layers,
      dModel: config.hidden_size,
      heads: config.num_attention_heads,
      kvHeads: config.num_attention_heads,
      headDim,
      dFeedForward: config.intermediate_size,
      vocabSize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      bosTokenId: config.bos_token_id,
      eosTokenId: config.eos_token_id,
      activation: readActivation(config.hidden_act, file),
      gatedFeedForward: false,
      norm: 'layer',
      normEpsilon: config.layer_norm_eps,
      positions: {
        kind: 'rotary',
        offset: 0,
        size: Math.trunc(headDim * (rope.fraction ?? 0.25)),
        theta: rope.theta ?? 10000,
        ...rope.rescaling,
      },
      biases: {
        query: attentionBias,
        keyValue: attentionBias,
        attentionOutput: attentionBias,
        feedForward: true,
      },
      parallelResidual: config.use_parallel_residual,
      embeddingScale: 1,
      attentionScale: headDim ** -0.5,
      tiedUnembedding: config.tie_word_embeddings,
    };
  },

  sources(config): ReadonlyMap<string, ParameterSource> {
    const { dModel: d, dFeedForward: ff, vocabSize, heads, headDim, biases } = config;
    const sources = new Sources(['gpt_neox.']);
    sources.tensor('embedding.tokens', 'embed_in.weight', [vocabSize, d]);
    for (let layer = 0; layer < config.layers; layer++) {
      const name = `layers.${layer}`;
      sources.module(`${name}.attentionNorm`, `${name}.input_layernorm`, [d]);
      // Of each head first the query's rows, then the key's, then the value's.
      for (const [i, projection] of ['query', 'key', 'value'].entries()) {
        sources.module(
          `${name}.attention.${projection}`,
          `${name}.attention.query_key_value`,
          [3 * d, d],
          biases.query,
          { outputs: [i * headDim, (i + 1) * headDim], parts: heads },
        );
      }
      sources.module(`${name}.attention.output`, `${name}.attention.dense`, [d, d], biases.attentionOutput);
      sources.module(`${name}.feedForwardNorm`, `${name}.post_attention_layernorm`, [d]);
      sources.module(`${name}.feedForward.up`, `${name}.mlp.dense_h_to_4h`, [ff, d]);
      sources.module(`${name}.feedForward.down`, `${name}.mlp.dense_4h_to_h`, [d, ff]);
    }
    sources.module('finalNorm', 'final_layer_norm', [d]);
    if (!config.tiedUnembedding) sources.unembedding(['embed_out.weight', 'lm_head.weight'], [vocabSize, d]);
    return sources.map;
  },
};
