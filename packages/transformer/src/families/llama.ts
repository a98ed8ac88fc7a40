import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family, ParameterSource } from './family.ts';
import { readRope, ropeSchema } from './rope.ts';
import { parseConfig, layerCount, positiveInteger, readActivation, tokenId } from './schema.ts';

const llamaSchema = z.looseObject({
  ...ropeSchema,
  num_hidden_layers: layerCount,
  hidden_size: positiveInteger,
  num_attention_heads: positiveInteger,
  num_key_value_heads: positiveInteger.nullish(),
  head_dim: positiveInteger.nullish(),
  intermediate_size: positiveInteger,
  max_position_embeddings: positiveInteger,
  vocab_size: positiveInteger,
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  hidden_act: z.string().default('silu'),
  rms_norm_eps: z.number().positive().default(1e-6),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
});

/** Llama: root-mean-square norms, gated feed-forward, rotary positions, grouped-query attention. */
export const llama: Family = {
  modelType: 'llama',
  architecture: 'LlamaForCausalLM',
  readConfig: readLlamaConfig,
  sources: llamaSources,
};

/** Also the base of the families that changed Llama in details. */
export function readLlamaConfig(json: unknown, file: string): DecoderConfig {
  const config = parseConfig(llamaSchema, json, file);
  const heads = config.num_attention_heads;
  const headDim = config.head_dim ?? config.hidden_size / heads;
  const rope = readRope(config, file);
  if (rope.fraction !== undefined && rope.fraction !== 1)
    throw new UserError(`${file}: partial_rotary_factor ${rope.fraction} is not supported in this family`);
  const { attention_bias: attentionBias } = config;
  return {
    family: 'llama',
    layers: config.num_hidden_layers,
    dModel: config.hidden_size,
    heads,
    kvHeads: config.num_key_value_heads ?? heads,
    headDim,
    dFeedForward: config.intermediate_size,
    vocabSize: config.vocab_size,
    contextLength: config.max_position_embeddings,
    bosTokenId: config.bos_token_id,
    eosTokenId: config.eos_token_id,
    activation: readActivation(config.hidden_act, file),
    gatedFeedForward: true,
    norm: 'rms',
    normEpsilon: config.rms_norm_eps,
    positions: {
      kind: 'rotary',
      offset: 0,
      size: headDim,
      theta: rope.theta ?? 10000,
      ...rope.rescaling,
    },
    biases: {
      query: attentionBias,
      keyValue: attentionBias,
      attentionOutput: attentionBias,
      feedForward: config.mlp_bias,
    },
    parallelResidual: false,
    embeddingScale: 1,
    attentionScale: headDim ** -0.5,
    tiedUnembedding: config.tie_word_embeddings,
  };
}

/** Tensors of Llama, and of its descendants with norms of queries and keys. */
export function llamaSources(config: DecoderConfig): ReadonlyMap<string, ParameterSource> {
  const { dModel: d, dFeedForward: ff, vocabSize, heads, kvHeads, headDim, biases } = config;
  const sources = new Map<string, ParameterSource>();
  const add = (name: string, tensor: string, shape: readonly number[]): void => {
    sources.set(name, { tensors: [`model.${tensor}`, tensor], shape });
  };
  const linear = (name: string, tensor: string, shape: readonly number[], hasBias: boolean): void => {
    add(`${name}.weight`, `${tensor}.weight`, shape);
    if (hasBias) add(`${name}.bias`, `${tensor}.bias`, shape.slice(0, 1));
  };
  add('embedding.tokens', 'embed_tokens.weight', [vocabSize, d]);
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `layers.${layer}`;
    add(`${name}.attentionNorm.weight`, `${name}.input_layernorm.weight`, [d]);
    linear(`${name}.attention.query`, `${name}.self_attn.q_proj`, [heads * headDim, d], biases.query);
    linear(`${name}.attention.key`, `${name}.self_attn.k_proj`, [kvHeads * headDim, d], biases.keyValue);
    linear(`${name}.attention.value`, `${name}.self_attn.v_proj`, [kvHeads * headDim, d], biases.keyValue);
    linear(
      `${name}.attention.output`,
      `${name}.self_attn.o_proj`,
      [d, heads * headDim],
      biases.attentionOutput,
    );
    if (config.queryKeyNorm) {
      add(`${name}.queryNorm.weight`, `${name}.self_attn.q_norm.weight`, [headDim]);
      add(`${name}.keyNorm.weight`, `${name}.self_attn.k_norm.weight`, [headDim]);
    }
    add(`${name}.feedForwardNorm.weight`, `${name}.post_attention_layernorm.weight`, [d]);
    linear(`${name}.feedForward.gate`, `${name}.mlp.gate_proj`, [ff, d], biases.feedForward);
    linear(`${name}.feedForward.up`, `${name}.mlp.up_proj`, [ff, d], biases.feedForward);
    linear(`${name}.feedForward.down`, `${name}.mlp.down_proj`, [d, ff], biases.feedForward);
  }
  add('finalNorm.weight', 'norm.weight', [d]);
  if (!config.tiedUnembedding)
    sources.set('unembedding', { tensors: ['lm_head.weight'], shape: [vocabSize, d] });
  return sources;
}
