import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import type { Family, ParameterSource } from './family.ts';
import { Sources } from './sources.ts';
import { ALL_BIASES, layerCount, parseConfig, positiveInteger, readActivation, tokenId } from './schema.ts';

/** fairseq's padding_idx + 1: position rows below it are never used. */
const POSITION_OFFSET = 2;

const schema = z.looseObject({
  num_layers: layerCount,
  // Below four there is no range of frequencies for the positions.
  d_model: positiveInteger.min(4),
  attention_heads: positiveInteger,
  ffn_dim: positiveInteger,
  max_position_embeddings: positiveInteger,
  vocab_size: positiveInteger,
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  activation_function: z.string().default('gelu'),
  scale_embedding: z.boolean().default(true),
  /** Its row of the position table is zero; −1 is the last row. */
  pad_token_id: z.int().nullable().default(1),
  tie_word_embeddings: z.boolean().default(true),
});

/** fairseq-dense language models as the Hugging Face hub has them. */
export const xglm: Family = {
  modelType: 'xglm',
  architecture: 'XGLMForCausalLM',
  keys: Object.keys(schema.shape),
  aliases: {
    hidden_size: 'd_model',
    num_attention_heads: 'attention_heads',
    num_hidden_layers: 'num_layers',
  },

  readConfig(json, file): DecoderConfig {
    const config = parseConfig(schema, json, file);
    const headDim = config.d_model / config.attention_heads;
    return {
      family: 'xglm',
      layers: config.num_layers,
      dModel: config.d_model,
      heads: config.attention_heads,
      kvHeads: config.attention_heads,
      headDim,
      dFeedForward: config.ffn_dim,
      vocabSize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      bosTokenId: config.bos_token_id,
      eosTokenId: config.eos_token_id,
      activation: readActivation(config.activation_function, file),
      normEpsilon: 1e-5,
      positions: { kind: 'sinusoidal', offset: POSITION_OFFSET, ...zeroRow(config) },
      gatedFeedForward: false,
      norm: 'layer',
      biases: ALL_BIASES,
      parallelResidual: false,
      embeddingScale: config.scale_embedding ? Math.sqrt(config.d_model) : 1,
      attentionScale: headDim ** -0.5,
      tiedUnembedding: config.tie_word_embeddings,
    };
  },

  sources(config): ReadonlyMap<string, ParameterSource> {
    const { dModel: d, dFeedForward: ff, vocabSize } = config;
    const sources = new Sources(['model.', '']);
    sources.tensor('embedding.tokens', 'embed_tokens.weight', [vocabSize, d]);
    for (let layer = 0; layer < config.layers; layer++) {
      const name = `layers.${layer}`;
      sources.module(`${name}.attentionNorm`, `${name}.self_attn_layer_norm`, [d]);
      sources.module(`${name}.attention.query`, `${name}.self_attn.q_proj`, [d, d]);
      sources.module(`${name}.attention.key`, `${name}.self_attn.k_proj`, [d, d]);
      sources.module(`${name}.attention.value`, `${name}.self_attn.v_proj`, [d, d]);
      sources.module(`${name}.attention.output`, `${name}.self_attn.out_proj`, [d, d]);
      sources.module(`${name}.feedForwardNorm`, `${name}.final_layer_norm`, [d]);
      sources.module(`${name}.feedForward.up`, `${name}.fc1`, [ff, d]);
      sources.module(`${name}.feedForward.down`, `${name}.fc2`, [d, ff]);
    }
    sources.module('finalNorm', 'layer_norm', [d]);
    if (!config.tiedUnembedding) sources.unembedding(['lm_head.weight'], [vocabSize, d]);
    return sources.map;
  },
};

/** The row of the position table that is zero, where a token can stand there. */
function zeroRow({ pad_token_id: padding, max_position_embeddings: length }: z.infer<typeof schema>): {
  readonly zeroRow?: number;
} {
  if (padding === null) return {};
  const row = padding < 0 ? length + POSITION_OFFSET + padding : padding;
  return row >= POSITION_OFFSET && row < length + POSITION_OFFSET ? { zeroRow: row } : {};
}
