import { defineFamily } from '@icl-gd/transformer';
import { z } from 'zod';

const size = z.int().positive();

/**
 * Models trained with nanoGPT: GPT-2's layers, but linear layers are stored as PyTorch has them, [outputs, inputs], and the
 * keys of its GPTConfig. A config.json has to be written beside the weights (`"model_type": "nanogpt"`), and a tokenizer.
 */
export const family = defineFamily({
  modelType: 'nanogpt',
  architecture: 'nanoGPT',
  keys: z.object({
    n_layer: size.max(10_000),
    n_head: size,
    n_embd: size,
    block_size: size,
    vocab_size: size,
    bias: z.boolean().default(true),
    /** Older versions have the approximation by tanh. */
    gelu: z.enum(['exact', 'tanh']).default('exact'),
    bos_token_id: z.int().nullable().default(null),
    eos_token_id: z.int().nullable().default(null),
  }),
  config(keys) {
    if (!keys.bias) throw new Error('bias: false is not supported, the norms have biases');
    const headDim = keys.n_embd / keys.n_head;
    return {
      layers: keys.n_layer,
      dModel: keys.n_embd,
      heads: keys.n_head,
      kvHeads: keys.n_head,
      headDim,
      dFeedForward: 4 * keys.n_embd,
      vocabSize: keys.vocab_size,
      contextLength: keys.block_size,
      bosTokenId: keys.bos_token_id,
      eosTokenId: keys.eos_token_id,
      activation: keys.gelu === 'tanh' ? 'gelu_tanh' : 'gelu',
      gatedFeedForward: false,
      norm: 'layer',
      normEpsilon: 1e-5,
      positions: { kind: 'learned', offset: 0 },
      biases: { query: true, keyValue: true, attentionOutput: true, feedForward: true },
      parallelResidual: false,
      embeddingScale: 1,
      attentionScale: headDim ** -0.5,
      tiedUnembedding: true,
    };
  },
  prefixes: ['transformer.', '_orig_mod.transformer.'],
  sources({ layers, dModel: d, dFeedForward, vocabSize, contextLength }, sources) {
    sources.tensor('embedding.tokens', 'wte.weight', [vocabSize, d]);
    sources.tensor('embedding.positions', 'wpe.weight', [contextLength, d]);
    for (let layer = 0; layer < layers; layer++) {
      const [to, from] = [`layers.${layer}`, `h.${layer}`];
      sources.module(`${to}.attentionNorm`, `${from}.ln_1`, [d]);
      for (const [i, name] of ['query', 'key', 'value'].entries())
        sources.module(`${to}.attention.${name}`, `${from}.attn.c_attn`, [3 * d, d], true, {
          outputs: [i * d, (i + 1) * d],
        });
      sources.module(`${to}.attention.output`, `${from}.attn.c_proj`, [d, d]);
      sources.module(`${to}.feedForwardNorm`, `${from}.ln_2`, [d]);
      sources.module(`${to}.feedForward.up`, `${from}.mlp.c_fc`, [dFeedForward, d]);
      sources.module(`${to}.feedForward.down`, `${from}.mlp.c_proj`, [d, dFeedForward]);
    }
    sources.module('finalNorm', 'ln_f', [d]);
  },
});
