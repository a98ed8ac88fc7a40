/** Heads of 64, but for Qwen 3, and as many keys as those models have; feed-forward blocks of four widths. */
const COMMON = { num_hidden_layers: 2, vocab_size: 4096, max_position_embeddings: 256 };

/** config.json of a model of each family, wide enough that sums over k are cut on GPUs as those of large models are. */
export function wideModels(width: number): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const heads = width / 64;
  const attention = { num_attention_heads: heads, num_key_value_heads: heads / 4 };
  const common = { ...COMMON, hidden_size: width, intermediate_size: 4 * width };
  const gpt2 = { n_layer: 2, n_embd: width, n_head: heads, n_positions: 256, vocab_size: 4096 };
  const neox = { ...common, model_type: 'gpt_neox', num_attention_heads: heads, rotary_pct: 0.25 };
  return {
    gpt2: { ...gpt2, model_type: 'gpt2' },
    llama: { ...common, ...attention, model_type: 'llama' },
    qwen2: { ...common, ...attention, model_type: 'qwen2' },
    qwen3: { ...common, ...attention, model_type: 'qwen3', head_dim: 128 },
    gpt_neox: { ...neox, use_parallel_residual: true },
    'gpt_neox, sequential residual': { ...neox, use_parallel_residual: false },
    'opt, post-norm': {
      ...{ ...common, model_type: 'opt', num_attention_heads: heads },
      ...{ ffn_dim: 4 * width, do_layer_norm_before: false },
    },
  };
}
