import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family, ParameterSource } from './family.ts';
import { readRope, ropeSchema } from './rope.ts';
import { layerCount, parseConfig, positiveInteger, readActivation, tokenId } from './schema.ts';
import { Sources } from './sources.ts';

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

/** How a family differs from Llama. */
export interface LlamaVariant<Keys> {
  readonly modelType: string;
  readonly architecture: string;
  /** Keys of config.json that Llama does not know, or for which the family's Python class has another default. */
  readonly keys: z.ZodType<Keys> & { readonly shape?: object };
  /** Keys of Llama's that this family does not read, with the value that holds instead. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /**
   * Options of the decoder that Llama's reading does not give.
   * @throws UserError naming the key of config.json that is not supported
   */
  readonly options?: (keys: Keys, llama: DecoderConfig, file: string) => Partial<DecoderConfig>;
}

/** Llama (root-mean-square norms, gated feed-forward, rotary positions, grouped-query attention) or a family like it. */
export function llamaFamily<Keys>(variant: LlamaVariant<Keys>): Family {
  const { modelType, architecture } = variant;
  return {
    modelType,
    architecture,
    keys: [...new Set([...Object.keys(llamaSchema.shape), ...Object.keys(variant.keys.shape ?? {})])],
    readConfig(json, file) {
      const keys = parseConfig(variant.keys, json, file);
      // What `keys` does not list counts too, whether or not the schema lets it through.
      const llama = readLlamaConfig({ ...(json as object), ...keys, ...variant.fixed }, file);
      return { ...llama, family: modelType, ...variant.options?.(keys, llama, file) };
    },
    sources: llamaSources,
  };
}

function readLlamaConfig(json: unknown, file: string): DecoderConfig {
  const config = parseConfig(llamaSchema, json, file);
  const heads = config.num_attention_heads;
  const headDim = config.head_dim ?? config.hidden_size / heads;
  const rope = readRope(config, file);
  if (rope.fraction !== undefined && rope.fraction !== 1)
    throw new UserError(
      `${file}: partial_rotary_factor ${rope.fraction} is not supported in this family`,
      'unsupported-model',
    );
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

function llamaSources(config: DecoderConfig): ReadonlyMap<string, ParameterSource> {
  const { dModel: d, dFeedForward: ff, vocabSize, heads, kvHeads, headDim, biases } = config;
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  const sources = new Sources(['model.', '']);
  sources.tensor('embedding.tokens', 'embed_tokens.weight', [vocabSize, d]);
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `layers.${layer}`;
    sources.module(`${name}.attentionNorm`, `${name}.input_layernorm`, [d], false);
    sources.module(`${name}.attention.query`, `${name}.self_attn.q_proj`, [queries, d], biases.query);
    sources.module(`${name}.attention.key`, `${name}.self_attn.k_proj`, [keys, d], biases.keyValue);
    sources.module(`${name}.attention.value`, `${name}.self_attn.v_proj`, [keys, d], biases.keyValue);
    sources.module(
      `${name}.attention.output`,
      `${name}.self_attn.o_proj`,
      [d, queries],
      biases.attentionOutput,
    );
    if (config.queryKeyNorm) {
      sources.module(`${name}.queryNorm`, `${name}.self_attn.q_norm`, [headDim], false);
      sources.module(`${name}.keyNorm`, `${name}.self_attn.k_norm`, [headDim], false);
    }
    sources.module(`${name}.feedForwardNorm`, `${name}.post_attention_layernorm`, [d], false);
    sources.module(`${name}.feedForward.gate`, `${name}.mlp.gate_proj`, [ff, d], biases.feedForward);
    sources.module(`${name}.feedForward.up`, `${name}.mlp.up_proj`, [ff, d], biases.feedForward);
    sources.module(`${name}.feedForward.down`, `${name}.mlp.down_proj`, [d, ff], biases.feedForward);
  }
  sources.module('finalNorm', 'norm', [d], false);
  if (!config.tiedUnembedding) sources.unembedding(['lm_head.weight'], [vocabSize, d]);
  return sources.map;
}
