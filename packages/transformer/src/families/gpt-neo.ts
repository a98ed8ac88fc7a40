import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family, ParameterSource } from './family.ts';
import { Sources } from './sources.ts';
import { parseConfig, layerCount, positiveInteger, readActivation, tokenId } from './schema.ts';

const attentionKind = z.enum(['global', 'local']);
const schema = z.looseObject({
  num_layers: layerCount,
  hidden_size: positiveInteger,
  num_heads: positiveInteger,
  intermediate_size: positiveInteger.nullish(),
  max_position_embeddings: positiveInteger,
  vocab_size: positiveInteger,
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  /** [[kinds, repetitions], …]. */
  attention_types: z.array(z.tuple([z.array(attentionKind), z.int().nonnegative().max(10_000)])).nullish(),
  /** The same written out, one a layer. */
  attention_layers: z.array(attentionKind).nullish(),
  window_size: positiveInteger.default(256),
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(true),
});

/** GPT-Neo: layers with global and with local attention in turns, logits that are not scaled, no q/k/v biases. */
export const gptNeo: Family = {
  modelType: 'gpt_neo',
  architecture: 'GPTNeoForCausalLM',
  keys: Object.keys(schema.shape),
  aliases: { num_attention_heads: 'num_heads', num_hidden_layers: 'num_layers' },

  readConfig(json, file): DecoderConfig {
    const config = parseConfig(schema, json, file);
    return {
      family: 'gpt_neo',
      layers: config.num_layers,
      dModel: config.hidden_size,
      heads: config.num_heads,
      kvHeads: config.num_heads,
      headDim: config.hidden_size / config.num_heads,
      dFeedForward: config.intermediate_size ?? 4 * config.hidden_size,
      vocabSize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      bosTokenId: config.bos_token_id,
      eosTokenId: config.eos_token_id,
      activation: readActivation(config.activation_function, file),
      gatedFeedForward: false,
      norm: 'layer',
      normEpsilon: config.layer_norm_epsilon,
      positions: { kind: 'learned', offset: 0 },
      biases: { query: false, keyValue: false, attentionOutput: true, feedForward: true },
      parallelResidual: false,
      embeddingScale: 1,
      attentionScale: 1,
      tiedUnembedding: config.tie_word_embeddings,
      attentionWindows: readWindows(config, file),
    };
  },

  sources(config): ReadonlyMap<string, ParameterSource> {
    const { dModel: d, dFeedForward: ff, vocabSize, contextLength } = config;
    const sources = new Sources(['transformer.', '']);
    sources.tensor('embedding.tokens', 'wte.weight', [vocabSize, d]);
    sources.tensor('embedding.positions', 'wpe.weight', [contextLength, d]);
    for (let layer = 0; layer < config.layers; layer++) {
      const [to, from] = [`layers.${layer}`, `h.${layer}`];
      sources.module(`${to}.attentionNorm`, `${from}.ln_1`, [d]);
      for (const [projection, tensor] of [
        ['query', 'q_proj'],
        ['key', 'k_proj'],
        ['value', 'v_proj'],
      ])
        sources.tensor(`${to}.attention.${projection}.weight`, `${from}.attn.attention.${tensor}.weight`, [
          d,
          d,
        ]);
      sources.module(`${to}.attention.output`, `${from}.attn.attention.out_proj`, [d, d]);
      sources.module(`${to}.feedForwardNorm`, `${from}.ln_2`, [d]);
      sources.module(`${to}.feedForward.up`, `${from}.mlp.c_fc`, [ff, d]);
      sources.module(`${to}.feedForward.down`, `${from}.mlp.c_proj`, [d, ff]);
    }
    sources.module('finalNorm', 'ln_f', [d]);
    if (!config.tiedUnembedding) sources.unembedding(['lm_head.weight'], [vocabSize, d]);
    return sources.map;
  },
};

function readWindows(config: z.infer<typeof schema>, file: string): (number | null)[] {
  const types = config.attention_types ?? [[['global', 'local'], 12]];
  const { num_layers: layers, window_size: window } = config;
  const described =
    config.attention_layers?.length ??
    types.reduce((sum, [pattern, count]) => sum + count * pattern.length, 0);
  if (described !== layers) {
    const key = config.attention_layers ? 'attention_layers' : 'attention_types';
    throw new UserError(`${file}: ${key} describes ${described} layers, num_layers is ${layers}`);
  }
  const kinds =
    config.attention_layers ??
    types.flatMap(([pattern, count]) =>
      pattern.length === 0 ? [] : Array.from({ length: count }, () => pattern).flat(),
    );
  return kinds.map((kind) => (kind === 'local' ? window : null));
}
