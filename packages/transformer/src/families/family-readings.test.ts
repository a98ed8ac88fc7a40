import { describe, expect, it } from 'vitest';
import type { DecoderConfig } from '../config.ts';
import { checkConfig } from '../parameters.ts';
import { familyOf } from './registry.ts';

const FILE = 'config.json';
const SIZES = { vocab_size: 37, max_position_embeddings: 40 };
const COMMON = { ...SIZES, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 };
const READ = {
  ...{ layers: 2, dModel: 32, heads: 4, kvHeads: 4, headDim: 8, dFeedForward: 20, vocabSize: 37 },
  ...{ contextLength: 40, bosTokenId: null, eosTokenId: null, embeddingScale: 1, attentionScale: 8 ** -0.5 },
};
const biases = (query: boolean, keyValue: boolean, attentionOutput: boolean, feedForward: boolean) => ({
  biases: { query, keyValue, attentionOutput, feedForward },
});

const GPT_LIKE = {
  ...READ,
  norm: 'layer',
  normEpsilon: 1e-5,
  gatedFeedForward: false,
  parallelResidual: false,
} as const;
const LLAMA_LIKE = {
  ...READ,
  activation: 'silu',
  norm: 'rms',
  normEpsilon: 1e-6,
  gatedFeedForward: true,
  parallelResidual: false,
  positions: { kind: 'rotary', offset: 0, size: 8, theta: 10000 },
  tiedUnembedding: false,
} as const;

const LLAMA_LAYER = {
  attentionNorm: 'input_layernorm',
  'attention.query': 'self_attn.q_proj',
  'attention.key': 'self_attn.k_proj',
  'attention.value': 'self_attn.v_proj',
  'attention.output': 'self_attn.o_proj',
  feedForwardNorm: 'post_attention_layernorm',
  'feedForward.gate': 'mlp.gate_proj',
  'feedForward.up': 'mlp.up_proj',
  'feedForward.down': 'mlp.down_proj',
};
const LLAMA_REST = {
  'embedding.tokens': 'model.embed_tokens.weight',
  'finalNorm.weight': 'model.norm.weight',
  unembedding: 'lm_head.weight',
};
const FAIRSEQ_LAYER = {
  attentionNorm: 'self_attn_layer_norm',
  'attention.query': 'self_attn.q_proj',
  'attention.key': 'self_attn.k_proj',
  'attention.value': 'self_attn.v_proj',
  'attention.output': 'self_attn.out_proj',
  feedForwardNorm: 'final_layer_norm',
  'feedForward.up': 'fc1',
  'feedForward.down': 'fc2',
};

interface Reading {
  /** Those keys of config.json alone that have no default. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly config: Omit<DecoderConfig, 'family'>;
  /** What stands before the names of layer 1. */
  readonly layer: string;
  /** Modules of a layer by the decoder's name, as the family's Python class calls them. */
  readonly modules: Readonly<Record<string, string>>;
  /** Tensors outside the layers. */
  readonly rest: Readonly<Record<string, string>>;
}

/** As Hugging Face's configuration and model classes have it. */
const READINGS: Readonly<Record<string, Reading>> = {
  gpt2: {
    json: { n_layer: 2, n_embd: 32, n_head: 4, n_positions: 40, vocab_size: 37 },
    config: {
      ...GPT_LIKE,
      ...biases(true, true, true, true),
      dFeedForward: 128,
      activation: 'gelu_tanh',
      tiedUnembedding: true,
      positions: { kind: 'learned', offset: 0 },
    },
    layer: 'transformer.h.1.',
    modules: {
      attentionNorm: 'ln_1',
      'attention.query': 'attn.c_attn',
      'attention.key': 'attn.c_attn',
      'attention.value': 'attn.c_attn',
      'attention.output': 'attn.c_proj',
      feedForwardNorm: 'ln_2',
      'feedForward.up': 'mlp.c_fc',
      'feedForward.down': 'mlp.c_proj',
    },
    rest: {
      'embedding.tokens': 'transformer.wte.weight',
      'embedding.positions': 'transformer.wpe.weight',
      'finalNorm.weight': 'transformer.ln_f.weight',
      'finalNorm.bias': 'transformer.ln_f.bias',
    },
  },
  xglm: {
    json: { ...SIZES, num_layers: 2, d_model: 32, attention_heads: 4, ffn_dim: 20 },
    config: {
      ...GPT_LIKE,
      ...biases(true, true, true, true),
      activation: 'gelu',
      tiedUnembedding: true,
      embeddingScale: Math.sqrt(32),
      positions: { kind: 'sinusoidal', offset: 2 },
    },
    layer: 'model.layers.1.',
    modules: FAIRSEQ_LAYER,
    rest: {
      'embedding.tokens': 'model.embed_tokens.weight',
      'finalNorm.weight': 'model.layer_norm.weight',
      'finalNorm.bias': 'model.layer_norm.bias',
    },
  },
  opt: {
    json: { ...COMMON, ffn_dim: 20 },
    config: {
      ...GPT_LIKE,
      ...biases(true, true, true, true),
      activation: 'relu',
      tiedUnembedding: true,
      dEmbedding: 32,
      postNorm: false,
      finalNorm: true,
      positions: { kind: 'learned', offset: 2 },
    },
    layer: 'model.decoder.layers.1.',
    modules: FAIRSEQ_LAYER,
    rest: {
      'embedding.tokens': 'model.decoder.embed_tokens.weight',
      'embedding.positions': 'model.decoder.embed_positions.weight',
      'finalNorm.weight': 'model.decoder.final_layer_norm.weight',
      'finalNorm.bias': 'model.decoder.final_layer_norm.bias',
    },
  },
  gpt_neo: {
    json: {
      ...{ ...SIZES, hidden_size: 32, num_layers: 2, num_heads: 4 },
      attention_types: [[['global', 'local'], 1]],
    },
    config: {
      ...GPT_LIKE,
      ...biases(false, false, true, true),
      dFeedForward: 128,
      activation: 'gelu_tanh',
      tiedUnembedding: true,
      attentionScale: 1,
      positions: { kind: 'learned', offset: 0 },
      attentionWindows: [null, 256],
    },
    layer: 'transformer.h.1.',
    modules: {
      attentionNorm: 'ln_1',
      'attention.query': 'attn.attention.q_proj',
      'attention.key': 'attn.attention.k_proj',
      'attention.value': 'attn.attention.v_proj',
      'attention.output': 'attn.attention.out_proj',
      feedForwardNorm: 'ln_2',
      'feedForward.up': 'mlp.c_fc',
      'feedForward.down': 'mlp.c_proj',
    },
    rest: {
      'embedding.tokens': 'transformer.wte.weight',
      'embedding.positions': 'transformer.wpe.weight',
      'finalNorm.weight': 'transformer.ln_f.weight',
      'finalNorm.bias': 'transformer.ln_f.bias',
    },
  },
  gpt_neox: {
    json: { ...COMMON, intermediate_size: 20 },
    config: {
      ...GPT_LIKE,
      ...biases(true, true, true, true),
      activation: 'gelu',
      tiedUnembedding: false,
      parallelResidual: true,
      positions: { kind: 'rotary', offset: 0, size: 2, theta: 10000 },
    },
    layer: 'gpt_neox.layers.1.',
    modules: {
      attentionNorm: 'input_layernorm',
      'attention.query': 'attention.query_key_value',
      'attention.key': 'attention.query_key_value',
      'attention.value': 'attention.query_key_value',
      'attention.output': 'attention.dense',
      feedForwardNorm: 'post_attention_layernorm',
      'feedForward.up': 'mlp.dense_h_to_4h',
      'feedForward.down': 'mlp.dense_4h_to_h',
    },
    rest: {
      'embedding.tokens': 'gpt_neox.embed_in.weight',
      'finalNorm.weight': 'gpt_neox.final_layer_norm.weight',
      'finalNorm.bias': 'gpt_neox.final_layer_norm.bias',
      unembedding: 'embed_out.weight',
    },
  },
  llama: {
    json: { ...COMMON, intermediate_size: 20 },
    config: { ...LLAMA_LIKE, ...biases(false, false, false, false) },
    layer: 'model.layers.1.',
    modules: LLAMA_LAYER,
    rest: LLAMA_REST,
  },
  mistral: {
    json: { ...COMMON, num_attention_heads: 16, hidden_size: 64, intermediate_size: 20 },
    config: {
      ...LLAMA_LIKE,
      ...biases(false, false, false, false),
      ...{ dModel: 64, heads: 16, kvHeads: 8, headDim: 4, attentionScale: 0.5 },
      positions: { kind: 'rotary', offset: 0, size: 4, theta: 10000 },
      attentionWindows: [4096, 4096],
    },
    layer: 'model.layers.1.',
    modules: LLAMA_LAYER,
    rest: LLAMA_REST,
  },
  qwen2: {
    json: { ...COMMON, num_key_value_heads: 2, intermediate_size: 20 },
    config: {
      ...{ ...LLAMA_LIKE, ...biases(true, true, false, false), kvHeads: 2 },
      attentionWindows: [null, null],
    },
    layer: 'model.layers.1.',
    modules: LLAMA_LAYER,
    rest: LLAMA_REST,
  },
  qwen3: {
    json: { ...COMMON, num_key_value_heads: 2, intermediate_size: 20 },
    config: {
      ...{ ...LLAMA_LIKE, ...biases(false, false, false, false), kvHeads: 2 },
      ...{ headDim: 128, attentionScale: 128 ** -0.5, queryKeyNorm: true, attentionWindows: [null, null] },
      positions: { kind: 'rotary', offset: 0, size: 128, theta: 10000 },
    },
    layer: 'model.layers.1.',
    modules: { ...LLAMA_LAYER, queryNorm: 'self_attn.q_norm', keyNorm: 'self_attn.k_norm' },
    rest: LLAMA_REST,
  },
};

function read(modelType: string, changes: Readonly<Record<string, unknown>> = {}) {
  const json = { ...READINGS[modelType]?.json, model_type: modelType, ...changes };
  const family = familyOf(json, FILE);
  return { family, config: checkConfig(family.readConfig(json, FILE), FILE) };
}

describe.each(Object.entries(READINGS))('%s', (modelType, reading) => {
  it('reads a configuration with nothing but the keys without a default', () => {
    expect(read(modelType).config).toEqual({ family: modelType, ...reading.config });
  });

  it('finds each parameter in the tensor that the Python class keeps it in', () => {
    const { family, config } = read(modelType);
    const tensorOf = (name: string, module: string): [string, string][] =>
      ['weight', 'bias'].map((kind) => [`layers.1.${name}.${kind}`, `${reading.layer}${module}.${kind}`]);
    const expected = new Map([
      ...Object.entries(reading.modules).flatMap(([name, module]) => tensorOf(name, module)),
      ...Object.entries(reading.rest),
    ]);
    const sources = [...family.sources(config)].filter(([name]) => !name.startsWith('layers.0.'));
    for (const [name, { tensors }] of sources) expect(tensors[0], name).toBe(expected.get(name));
    const weights = [...expected.keys()].filter((name) => !name.endsWith('bias'));
    const found = sources.map(([name]) => name).filter((name) => !name.endsWith('bias'));
    expect(found.toSorted()).toEqual(weights.toSorted());
  });
});

it('an activation by any of its names', () => {
  const named = (name: string): string => read('llama', { hidden_act: name }).config.activation;
  expect(['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast'].map(named)).toEqual(Array(3).fill('gelu_tanh'));
  expect(['gelu', 'relu', 'silu', 'swish'].map(named)).toEqual(['gelu', 'relu', 'silu', 'silu']);
});

it('a post-norm OPT has no final norm, nor has one that says so', () => {
  expect(read('opt', { do_layer_norm_before: false }).config).toMatchObject({
    ...{ postNorm: true, finalNorm: false },
  });
  expect(read('opt', { _remove_final_layer_norm: true }).config.finalNorm).toBe(false);
  expect(read('opt', { word_embed_proj_dim: 12 }).config.dEmbedding).toBe(12);
  expect(read('opt', { enable_bias: false }).config).toMatchObject(biases(false, false, false, false));
});

it('every option of Llama by its key', () => {
  const changes = { head_dim: 12, num_key_value_heads: 2, rms_norm_eps: 1e-3, rope_theta: 77 };
  expect(read('llama', { ...changes, attention_bias: true, mlp_bias: true }).config).toMatchObject({
    ...{ headDim: 12, kvHeads: 2, normEpsilon: 1e-3, attentionScale: 12 ** -0.5 },
    positions: { size: 12, theta: 77 },
    ...biases(true, true, true, true),
  });
  expect(read('llama', { tie_word_embeddings: true }).config.tiedUnembedding).toBe(true);
});

it('every option of GPT-NeoX by its key', () => {
  const changes = { layer_norm_eps: 1e-3, rotary_pct: 0.5, rotary_emb_base: 77, attention_bias: false };
  expect(read('gpt_neox', { ...changes, use_parallel_residual: false }).config).toMatchObject({
    ...{ normEpsilon: 1e-3, parallelResidual: false, positions: { size: 4, theta: 77 } },
    ...biases(false, false, false, true),
  });
  const newer = { rope_parameters: { rope_theta: 33, partial_rotary_factor: 0.75 } };
  expect(read('gpt_neox', newer).config.positions).toMatchObject({ size: 6, theta: 33 });
  // Before the older keys, and before those that only other families have outside.
  const older = { rotary_pct: 0.5, rotary_emb_base: 77, rope_theta: 99, partial_rotary_factor: 1 };
  expect(read('gpt_neox', { ...older, ...newer }).config.positions).toMatchObject({ size: 6, theta: 33 });
  expect(read('gpt_neox', older).config.positions).toMatchObject({ size: 4, theta: 77 });
});

it('refuses positions that differ by kind of layer, for which no family has a use', () => {
  const nested = { full_attention: { rope_theta: 50 }, sliding_attention: { rope_theta: 20 } };
  for (const key of ['rope_scaling', 'rope_parameters'])
    for (const family of ['gpt_neox', 'llama', 'mistral', 'qwen3'])
      expect(() => read(family, { [key]: nested })).toThrow(`${FILE}: ${key}.full_attention: positions`);
});

it('windows from max_window_layers on', () => {
  const windows = { use_sliding_window: true, sliding_window: 7, num_hidden_layers: 4, max_window_layers: 2 };
  for (const family of ['qwen2', 'qwen3'])
    expect(read(family, windows).config.attentionWindows).toEqual([null, null, 7, 7]);
});

it('the numbers of rescaled rotary positions by their keys', () => {
  const rescaling = (own: Readonly<Record<string, unknown>>, outer = {}) =>
    read('llama', { ...outer, rope_scaling: own }).config.positions;
  const llama3 = { rope_type: 'llama3', factor: 8, low_freq_factor: 2, high_freq_factor: 5 };
  expect(rescaling({ ...llama3, original_max_position_embeddings: 16 })).toMatchObject({
    rescaling: { factor: 8, originalContext: 16, lowFrequencyFactor: 2, highFrequencyFactor: 5 },
  });
  const outer = { original_max_position_embeddings: 24 };
  expect(rescaling({ ...llama3, original_max_position_embeddings: 16 }, outer)).toMatchObject({
    rescaling: { originalContext: 24 },
  });
  const yarn = { rope_type: 'yarn', factor: 3, beta_fast: 20, beta_slow: 2, truncate: false };
  expect(rescaling({ ...yarn, original_max_position_embeddings: 16 })).toMatchObject({
    rescaling: { factor: 3, originalContext: 16, betaFast: 20, betaSlow: 2, truncate: false },
  });
});
