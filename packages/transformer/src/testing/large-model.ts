/** The shape of a model large enough that sums over chunks are added up in dispatches of their own. */
export const LARGE = {
  name: 'fairseq-dense-1.3B',
  json: {
    ...{ model_type: 'xglm', num_layers: 24, d_model: 2048, attention_heads: 32, ffn_dim: 8192 },
    ...{ vocab_size: 50_264, max_position_embeddings: 2048, bos_token_id: 0, eos_token_id: 2 },
  },
} as const;
