import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family, ParameterSource } from './family.ts';
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

  readConfig(json, file): DecoderConfig {
    const config = parseConfig(schema, json, file);
    const d = config.hidden_size;
    if (!config.layer_norm_elementwise_affine)
      throw new UserError(`${file}: layer_norm_elementwise_affine = false is not supported`);
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
    const sources = new Map<string, ParameterSource>();
    const add = (name: string, tensor: string, shape: readonly number[]): void => {
      sources.set(name, { tensors: [`model.decoder.${tensor}`, `decoder.${tensor}`], shape });
    };
    const pair = (name: string, tensor: string, weight: readonly number[], hasBias = true): void => {
      add(`${name}.weight`, `${tensor}.weight`, weight);
      if (hasBias) add(`${name}.bias`, `${tensor}.bias`, weight.slice(0, 1));
    };
    add('embedding.tokens', 'embed_tokens.weight', [vocabSize, dEmbedding]);
    if (dEmbedding !== d) add('embedding.projection.weight', 'project_in.weight', [d, dEmbedding]);
    add('embedding.positions', 'embed_positions.weight', [contextLength + POSITION_OFFSET, d]);
    for (let layer = 0; layer < config.layers; layer++) {
      const name = `layers.${layer}`;
      pair(`${name}.attentionNorm`, `${name}.self_attn_layer_norm`, [d]);
      pair(`${name}.attention.query`, `${name}.self_attn.q_proj`, [d, d], biases.query);
      pair(`${name}.attention.key`, `${name}.self_attn.k_proj`, [d, d], biases.keyValue);
      pair(`${name}.attention.value`, `${name}.self_attn.v_proj`, [d, d], biases.keyValue);
      pair(`${name}.attention.output`, `${name}.self_attn.out_proj`, [d, d], biases.attentionOutput);
      pair(`${name}.feedForwardNorm`, `${name}.final_layer_norm`, [d]);
      pair(`${name}.feedForward.up`, `${name}.fc1`, [ff, d], biases.feedForward);
      pair(`${name}.feedForward.down`, `${name}.fc2`, [d, ff], biases.feedForward);
    }
    if (config.finalNorm !== false) pair('finalNorm', 'final_layer_norm', [d]);
    if (dEmbedding !== d) add('unembeddingProjection.weight', 'project_out.weight', [dEmbedding, d]);
    if (!config.tiedUnembedding)
      sources.set('unembedding', { tensors: ['lm_head.weight'], shape: [vocabSize, dEmbedding] });
    return sources;
  },
};
