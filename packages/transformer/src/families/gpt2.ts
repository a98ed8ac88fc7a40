import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family, ParameterSource } from './family.ts';
import { Sources } from './sources.ts';
import { ALL_BIASES, layerCount, parseConfig, positiveInteger, readActivation, tokenId } from './schema.ts';

const schema = z.looseObject({
  n_layer: layerCount,
  n_embd: positiveInteger,
  n_head: positiveInteger,
  n_inner: positiveInteger.nullish(),
  n_positions: positiveInteger,
  vocab_size: positiveInteger,
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

/** GPT-2. */
export const gpt2: Family = {
  modelType: 'gpt2',
  architecture: 'GPT2LMHeadModel',
  keys: Object.keys(schema.shape),
  aliases: {
    hidden_size: 'n_embd',
    max_position_embeddings: 'n_positions',
    num_attention_heads: 'n_head',
    num_hidden_layers: 'n_layer',
  },

  readConfig(json, file): DecoderConfig {
    const config = parseConfig(schema, json, file);
    if (config.scale_attn_by_inverse_layer_idx)
      throw new UserError(`${file}: scale_attn_by_inverse_layer_idx is not supported`, 'unsupported-model');
    const headDim = config.n_embd / config.n_head;
    return {
      family: 'gpt2',
      layers: config.n_layer,
      dModel: config.n_embd,
      heads: config.n_head,
      kvHeads: config.n_head,
      headDim,
      dFeedForward: config.n_inner ?? 4 * config.n_embd,
      vocabSize: config.vocab_size,
      contextLength: config.n_positions,
      bosTokenId: config.bos_token_id,
      eosTokenId: config.eos_token_id,
      activation: readActivation(config.activation_function, file),
      normEpsilon: config.layer_norm_epsilon,
      positions: { kind: 'learned', offset: 0 },
      gatedFeedForward: false,
      norm: 'layer',
      biases: ALL_BIASES,
      parallelResidual: false,
      embeddingScale: 1,
      attentionScale: config.scale_attn_weights ? headDim ** -0.5 : 1,
      tiedUnembedding: config.tie_word_embeddings,
    };
  },

  sources(config): ReadonlyMap<string, ParameterSource> {
    const { dModel: d, dFeedForward: ff, vocabSize, contextLength } = config;
    const sources = new Sources(['transformer.', '']);
    // GPT-2 stores linear layers as Conv1D, that is [in, out].
    const linear = (
      name: string,
      tensor: string,
      inputs: number,
      outputs: number,
      part?: readonly [number, number],
    ): void => {
      const layout = part ? { outputs: part } : {};
      const transposed = { transposed: true, ...layout };
      sources.tensor(`${name}.weight`, `${tensor}.weight`, [inputs, outputs], transposed);
      sources.tensor(`${name}.bias`, `${tensor}.bias`, [outputs], layout);
    };
    sources.tensor('embedding.tokens', 'wte.weight', [vocabSize, d]);
    sources.tensor('embedding.positions', 'wpe.weight', [contextLength, d]);
    for (let layer = 0; layer < config.layers; layer++) {
      const [to, from] = [`layers.${layer}`, `h.${layer}`];
      sources.module(`${to}.attentionNorm`, `${from}.ln_1`, [d]);
      linear(`${to}.attention.query`, `${from}.attn.c_attn`, d, 3 * d, [0, d]);
      linear(`${to}.attention.key`, `${from}.attn.c_attn`, d, 3 * d, [d, 2 * d]);
      linear(`${to}.attention.value`, `${from}.attn.c_attn`, d, 3 * d, [2 * d, 3 * d]);
      linear(`${to}.attention.output`, `${from}.attn.c_proj`, d, d);
      sources.module(`${to}.feedForwardNorm`, `${from}.ln_2`, [d]);
      linear(`${to}.feedForward.up`, `${from}.mlp.c_fc`, d, ff);
      linear(`${to}.feedForward.down`, `${from}.mlp.c_proj`, ff, d);
    }
    sources.module('finalNorm', 'ln_f', [d]);
    if (!config.tiedUnembedding) sources.unembedding(['lm_head.weight'], [vocabSize, d]);
    return sources.map;
  },
};
