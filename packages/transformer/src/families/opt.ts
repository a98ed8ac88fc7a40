import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family, ParameterSource } from './family.ts';
import { Sources } from './sources.ts';
import { parseConfig, layerCount, positiveInteger, readActivation, tokenId } from './schema.ts';

/** As fairseq's: rows below it are never used, but OPT stores them. */
const POSITION_OFFSET = 2;

const schema = z.looseObject({
  num_hidden_layers: layerCount,
  hidden_size: positiveInteger,
  num_attention_heads: positiveInteger,
  ffn_dim: positiveInteger,
  max_position_embeddings: positiveInteger,
  vocab_size: positiveInteger,
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  word_embed_proj_dim: positiveInteger.nullish(),
  activation_function: z.string().default('relu'),
  do_layer_norm_before: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
  enable_bias: z.boolean().default(true),
  layer_norm_elementwise_affine: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
});

/** Open Pre-trained Transformers; the 350m model is post-norm, without a final norm, and has projected embeddings. */
export const opt: Family = {
  modelType: 'opt',
  architecture: 'OPTForCausalLM',
  keys: Object.keys(schema.shape),

  readConfig(json, file): DecoderConfig {
    const config = parseConfig(schema, json, file);
    const d = config.hidden_size;
    if (!config.layer_norm_elementwise_affine)
      throw new UserError(
        `${file}: layer_norm_elementwise_affine = false is not supported`,
        'unsupported-model',
      );
    const { do_layer_norm_before: preNorm, enable_bias: bias } = config;
    const headDim = d / config.num_attention_heads;
    return {
      family: 'opt',
      layers: config.num_hidden_layers,
      dModel: d,
      heads: config.num_attention_heads,
      kvHeads: config.num_attention_heads,
      headDim,
      dFeedForward: config.ffn_dim,
      vocabSize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      bosTokenId: config.bos_token_id,
      eosTokenId: config.eos_token_id,
      activation: readActivation(config.activation_function, file),
      gatedFeedForward: false,
      norm: 'layer',
      normEpsilon: 1e-5,
      positions: { kind: 'learned', offset: POSITION_OFFSET },
      biases: { query: bias, keyValue: bias, attentionOutput: bias, feedForward: bias },
      parallelResidual: false,
      embeddingScale: 1,
      attentionScale: headDim ** -0.5,
      tiedUnembedding: config.tie_word_embeddings,
      dEmbedding: config.word_embed_proj_dim ?? d,
      postNorm: !preNorm,
      finalNorm: preNorm && !config._remove_final_layer_norm,
    };
  },

  sources(config): ReadonlyMap<string, ParameterSource> {
    const { dModel: d, dFeedForward: ff, vocabSize, contextLength, biases, dEmbedding = d } = config;
    const sources = new Sources(['model.decoder.', 'decoder.']);
    sources.tensor('embedding.tokens', 'embed_tokens.weight', [vocabSize, dEmbedding]);
    if (dEmbedding !== d) sources.tensor('embedding.projection.weight', 'project_in.weight', [d, dEmbedding]);
    sources.tensor('embedding.positions', 'embed_positions.weight', [contextLength + POSITION_OFFSET, d]);
    for (let layer = 0; layer < config.layers; layer++) {
      const name = `layers.${layer}`;
      sources.module(`${name}.attentionNorm`, `${name}.self_attn_layer_norm`, [d]);
      sources.module(`${name}.attention.query`, `${name}.self_attn.q_proj`, [d, d], biases.query);
      sources.module(`${name}.attention.key`, `${name}.self_attn.k_proj`, [d, d], biases.keyValue);
      sources.module(`${name}.attention.value`, `${name}.self_attn.v_proj`, [d, d], biases.keyValue);
      sources.module(
        `${name}.attention.output`,
        `${name}.self_attn.out_proj`,
        [d, d],
        biases.attentionOutput,
      );
      sources.module(`${name}.feedForwardNorm`, `${name}.final_layer_norm`, [d]);
      sources.module(`${name}.feedForward.up`, `${name}.fc1`, [ff, d], biases.feedForward);
      sources.module(`${name}.feedForward.down`, `${name}.fc2`, [d, ff], biases.feedForward);
    }
    if (config.finalNorm !== false) sources.module('finalNorm', 'final_layer_norm', [d]);
    if (dEmbedding !== d)
      sources.tensor('unembeddingProjection.weight', 'project_out.weight', [dEmbedding, d]);
    if (!config.tiedUnembedding) sources.unembedding(['lm_head.weight'], [vocabSize, dEmbedding]);
    return sources.map;
  },
};
