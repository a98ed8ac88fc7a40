import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeSafetensors } from '../checkpoint/write-safetensors.ts';
import { loadModel } from '../model.ts';
import { checkConfig, parameterSpecs } from '../parameters.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { llamaFamily } from './llama.ts';
import { familyOf, listFamilies } from './registry.ts';

const FILE = 'config.json';

function read(json: Readonly<Record<string, unknown>>) {
  const family = familyOf(json, FILE);
  const config = checkConfig(family.readConfig(json, FILE), FILE);
  return { family, config };
}

/** The first tiny model of a family, with some keys changed. */
function tiny(modelType: string, changes: Readonly<Record<string, unknown>> = {}) {
  const found = Object.values(TINY_MODELS).find((json) => json['model_type'] === modelType);
  return { ...found, ...changes };
}

describe.each(Object.entries(TINY_MODELS))('%s', (_, json) => {
  it('has one source for each parameter, as large as the parameter', () => {
    const { family, config } = read(json);
    const sources = family.sources(config);
    const specs = parameterSpecs(config);
    expect([...sources.keys()].sort()).toEqual(specs.map(({ name }) => name).sort());
    const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
    const stored = new Map([...sources.values()].map(({ tensors, shape }) => [tensors[0], size(shape)]));
    const total = [...stored.values()].reduce((sum, n) => sum + n, 0);
    expect(total).toBe(specs.reduce((sum, { shape }) => sum + size(shape), 0));
  });
});

/** What the configuration class of Hugging Face's transformers has where config.json names no activation. */
const DEFAULT_ACTIVATIONS: Readonly<Record<string, string>> = {
  gpt2: 'gelu_tanh',
  xglm: 'gelu',
  opt: 'relu',
  gpt_neo: 'gelu_tanh',
  gpt_neox: 'gelu',
};

describe.each(listFamilies().map(({ modelType }) => modelType))('the family %s', (modelType) => {
  it('has a tiny model in testing/tiny-models.ts, which is held against float64', () => {
    expect(Object.values(TINY_MODELS).map((json) => json['model_type'])).toContain(modelType);
  });

  it('has the activation of its Python class by default: that of Llama, or as listed in DEFAULT_ACTIVATIONS', () => {
    const unnamed = tiny(modelType, { hidden_act: undefined, activation_function: undefined });
    expect(read(unnamed).config.activation).toBe(DEFAULT_ACTIVATIONS[modelType] ?? 'silu');
  });
});

it('a family like Llama needs to list only the keys that it adds, in a loose or a plain schema', () => {
  const readWith = (keys: z.ZodType<{ sliding_window: number }>) =>
    llamaFamily({
      modelType: 'mine',
      architecture: 'MineForCausalLM',
      keys,
      fixed: { mlp_bias: true },
      options: ({ sliding_window: window }, { layers }) => ({
        attentionWindows: Array<number>(layers).fill(window),
      }),
    }).readConfig(tiny('llama', { sliding_window: 7, mlp_bias: false }), FILE);
  const shape = { sliding_window: z.int() };
  const plain = readWith(z.object(shape));
  expect(plain).toEqual(readWith(z.looseObject(shape)));
  expect(plain).toMatchObject({ family: 'mine', layers: 2, attentionWindows: [7, 7], kvHeads: 2 });
  expect(plain.biases.feedForward).toBe(true);
});

it('reads the keys that families differ in', () => {
  expect(read(tiny('opt')).config).toMatchObject({
    positions: { kind: 'learned', offset: 2 },
    activation: 'relu',
    tiedUnembedding: true,
  });
  expect(read(tiny('gpt_neox', { hidden_size: 32, rotary_pct: 0.25 })).config).toMatchObject({
    positions: { kind: 'rotary', size: 4, theta: 10000 },
    parallelResidual: true,
    tiedUnembedding: false,
  });
  expect(
    read(tiny('llama', { hidden_size: 16, head_dim: null, num_key_value_heads: null })).config,
  ).toMatchObject({
    headDim: 4,
    kvHeads: 4,
    norm: 'rms',
    gatedFeedForward: true,
    biases: { query: false, keyValue: false, attentionOutput: false, feedForward: false },
  });
  expect(read(tiny('opt', { eos_token_id: [1, 2] })).config.eosTokenId).toBe(1);
  const newer = { rope_theta: null, rope_parameters: { rope_type: 'default', rope_theta: 777 } };
  expect(read(tiny('llama', newer)).config.positions).toMatchObject({ theta: 777 });
  // What stands inside wins; rope_scaling wins over rope_parameters.
  const both = {
    rope_theta: 5,
    rope_scaling: { type: 'linear', factor: 2 },
    rope_parameters: { rope_theta: 7 },
  };
  expect(read(tiny('llama', both)).config.positions).toMatchObject({
    theta: 5,
    rescaling: { kind: 'linear', factor: 2 },
  });
  const inside = { rope_theta: 5, rope_parameters: { rope_theta: 7 } };
  expect(read(tiny('llama', inside)).config.positions).toMatchObject({ theta: 7 });
  // Only past max_position_embeddings would it change anything.
  const dynamic = { rope_scaling: { type: 'dynamic', factor: 2 } };
  expect(read(tiny('llama', dynamic)).config.positions).not.toHaveProperty('rescaling');
});

it('fills in what Hugging Face leaves out of the newer families', () => {
  const bare = (modelType: string, ...keys: string[]) =>
    read(tiny(modelType, Object.fromEntries(keys.map((key) => [key, undefined])))).config;
  expect(bare('mistral', 'sliding_window').attentionWindows).toEqual([4096, 4096]);
  expect(read(tiny('mistral', { sliding_window: null })).config.attentionWindows).toEqual([null, null]);
  const qwen2 = bare('qwen2', 'use_sliding_window', 'sliding_window', 'max_window_layers');
  expect(qwen2).toMatchObject({
    attentionWindows: [null, null],
    biases: { query: true, keyValue: true, attentionOutput: false, feedForward: false },
    tiedUnembedding: false,
    positions: { theta: 10000 },
    normEpsilon: 1e-6,
  });
  expect(bare('qwen2', 'max_window_layers').attentionWindows).toEqual([null, null]);
  expect(bare('qwen3', 'head_dim', 'rms_norm_eps')).toMatchObject({ headDim: 128, normEpsilon: 1e-6 });
  expect(read(tiny('qwen2', { num_key_value_heads: null })).config.kvHeads).toBe(2);
  expect(() => bare('qwen2', 'num_key_value_heads')).toThrow(/not a multiple of 32 key\/value heads/);
  const neo = bare('gpt_neo', 'window_size');
  expect(neo).toMatchObject({
    attentionWindows: [null, 256],
    dFeedForward: 48,
    attentionScale: 1,
    activation: 'gelu_tanh',
    tiedUnembedding: true,
  });
});

it('computes the attention temperature of YaRN', () => {
  const positions = (own: Readonly<Record<string, unknown>>) =>
    read(tiny('llama', { rope_scaling: { rope_type: 'yarn', factor: 4, ...own } })).config.positions;
  const plain = 0.1 * Math.log(4) + 1;
  expect(positions({})).toMatchObject({
    rescaling: { amplitude: plain, betaFast: 32, betaSlow: 1, truncate: true, originalContext: 40 },
  });
  expect(positions({ attention_factor: 1.5 })).toMatchObject({ rescaling: { amplitude: 1.5 } });
  const quotient = (0.1 * 0.7 * Math.log(4) + 1) / plain;
  expect(positions({ mscale: 0.7, mscale_all_dim: 1 })).toMatchObject({ rescaling: { amplitude: quotient } });
  expect(positions({ factor: null, original_max_position_embeddings: 8 })).toMatchObject({
    rescaling: { factor: 5 },
  });
});

it.each([
  ['opt', { layer_norm_elementwise_affine: false }, /layer_norm_elementwise_affine = false is not supported/],
  ['opt', { word_embed_proj_dim: 0 }, /word_embed_proj_dim/],
  ['opt', { eos_token_id: [] }, /eos_token_id: Too small/],
  ['opt', { eos_token_id: [99, 1] }, /eosTokenId 99 is outside the vocabulary/],
  ['gpt_neox', { rotary_pct: 0.2 }, /rotary positions of 1 coordinates/],
  ['gpt_neox', { num_attention_heads: 5 }, /not a multiple of the 5 attention heads/],
  ['llama', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, /rope_scaling: low_freq_factor/],
  ['llama', { rope_scaling: { type: 'linear', factor: 0 } }, /rope_scaling: factor/],
  ['llama', { rope_parameters: { rope_type: 'yarn' } }, /rope_parameters: factor is missing/],
  ['llama', { rope_scaling: { rope_type: 'longrope' } }, /positions of type "longrope" are not supported/],
  [
    'llama',
    { rope_scaling: { type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4 } },
    /low_freq_factor 4 is not below high_freq_factor 4/,
  ],
  ['llama', { num_key_value_heads: 3 }, /4 attention heads are not a multiple of 3/],
  ['llama', { hidden_act: 'tanh' }, /activation "tanh" is not supported/],
  ['mistral', { sliding_window: 0 }, /sliding_window/],
  ['qwen2', { layer_types: ['full_attention'] }, /layer_types has 1 entries for 2 layers/],
  ['qwen2', { layer_types: ['chunked_attention', 'full_attention'] }, /layer_types/],
  ['qwen3', { use_sliding_window: false }, /use_sliding_window is not true/],
  ['gpt_neo', { attention_types: undefined }, /attention_types describes 24 layers, num_layers is 2/],
  ['gpt_neo', { attention_layers: ['global'] }, /attention_layers describes 1 layers/],
] as const)('refuses what %s cannot do: %o', (modelType, changes, message) => {
  expect(() => read(tiny(modelType, changes))).toThrow(message);
});

describe('GPT-NeoX tensors', () => {
  const gpu = useGpu();
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-neox-'));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('hold the rows of each head as query, key, value; stored buffers are ignored', async () => {
    const json = tiny('gpt_neox');
    const { family, config } = read(json);
    const { dModel, headDim, heads } = config;
    const stored = new Map(
      [...family.sources(config).values()].map(({ tensors, shape }) => [tensors[0] ?? '', shape]),
    );
    const tensors = [...stored].map(([name, shape]) => ({
      name,
      shape,
      // Every element holds the number of its row.
      data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) =>
        shape.length > 1 ? Math.floor(i / dModel) : i,
      ),
      dtype: 'float32' as const,
    }));
    const buffer = {
      name: 'gpt_neox.layers.0.attention.rotary_emb.inv_freq',
      shape: [2],
      data: new Float32Array(2),
      dtype: 'float32' as const,
    };
    await writeFile(join(directory, 'config.json'), JSON.stringify(json));
    await writeSafetensors(join(directory, 'model.safetensors'), [...tensors, buffer], { format: 'pt' });
    using model = await loadModel(gpu(), directory);
    for (const [i, projection] of ['query', 'key', 'value'].entries()) {
      const rows = Array.from({ length: heads }, (_, head) =>
        Array.from({ length: headDim }, (__, row) => (3 * head + i) * headDim + row),
      ).flat();
      const name = `layers.0.attention.${projection}`;
      expect([...(await gpu().read(model.parameters.get(`${name}.bias`)))]).toEqual(rows);
      const weight = await gpu().read(model.parameters.get(`${name}.weight`));
      expect(rows.map((_, row) => weight[row * dModel])).toEqual(rows);
    }
  });
});
