import { expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { checkConfig, parameterSpecs } from '../parameters.ts';
import { familyOf, listFamilies } from './registry.ts';

const FILE = 'some/config.json';
const GPT2 = {
  model_type: 'gpt2',
  ...{
    n_layer: 2,
    n_embd: 24,
    n_head: 3,
    n_positions: 256,
    vocab_size: 454,
    bos_token_id: 453,
    eos_token_id: 453,
  },
};
const XGLM = {
  model_type: 'xglm',
  ...{
    num_layers: 3,
    d_model: 28,
    attention_heads: 2,
    ffn_dim: 56,
    max_position_embeddings: 192,
    vocab_size: 470,
    bos_token_id: 0,
    eos_token_id: 2,
  },
};

type Json = Readonly<Record<string, unknown>>;
const read = (json: unknown) => checkConfig(familyOf(json, FILE).readConfig(json, FILE), FILE);
const without = (json: Json, key: string): Json =>
  Object.fromEntries(Object.entries(json).filter(([name]) => name !== key));

test('a GPT-2 configuration, with what Hugging Face leaves out filled in', () => {
  expect(read(GPT2)).toEqual({
    ...{
      gatedFeedForward: false,
      norm: 'layer',
      biases: { query: true, keyValue: true, attentionOutput: true, feedForward: true },
      parallelResidual: false,
    },
    ...{
      family: 'gpt2',
      layers: 2,
      dModel: 24,
      heads: 3,
      kvHeads: 3,
      headDim: 8,
      dFeedForward: 96,
      vocabSize: 454,
    },
    ...{ contextLength: 256, bosTokenId: 453, eosTokenId: 453, activation: 'gelu_tanh', normEpsilon: 1e-5 },
    ...{
      positions: { kind: 'learned', offset: 0 },
      embeddingScale: 1,
      attentionScale: 8 ** -0.5,
      tiedUnembedding: true,
    },
  });
  const own = {
    n_inner: 50,
    activation_function: 'relu',
    layer_norm_epsilon: 1e-6,
    scale_attn_weights: false,
    tie_word_embeddings: false,
  };
  expect(read({ ...GPT2, ...own })).toMatchObject({
    ...{ dFeedForward: 50, activation: 'relu', normEpsilon: 1e-6, attentionScale: 1, tiedUnembedding: false },
  });
  expect(read({ ...GPT2, n_inner: null }).dFeedForward).toBe(96);
});

test('an XGLM configuration: sinusoidal positions from 2 on, embeddings scaled by the root of the width', () => {
  expect(read(XGLM)).toEqual({
    ...{
      gatedFeedForward: false,
      norm: 'layer',
      biases: { query: true, keyValue: true, attentionOutput: true, feedForward: true },
      parallelResidual: false,
    },
    ...{
      family: 'xglm',
      layers: 3,
      dModel: 28,
      heads: 2,
      kvHeads: 2,
      headDim: 14,
      dFeedForward: 56,
      vocabSize: 470,
    },
    ...{ contextLength: 192, bosTokenId: 0, eosTokenId: 2, activation: 'gelu', normEpsilon: 1e-5 },
    ...{
      positions: { kind: 'sinusoidal', offset: 2 },
      embeddingScale: Math.sqrt(28),
      attentionScale: 14 ** -0.5,
      tiedUnembedding: true,
    },
  });
  expect(read({ ...XGLM, scale_embedding: false }).embeddingScale).toBe(1);
});

/** Only an experiment needs these; see special-tokens.ts. */
const OPTIONAL = ['bos_token_id', 'eos_token_id'];

test.each([GPT2, XGLM])('BOS and EOS are null where a configuration leaves them out', (json) => {
  const bare = OPTIONAL.reduce<Json>((rest, key) => without(rest, key), json);
  expect(read(bare)).toMatchObject({ bosTokenId: null, eosTokenId: null });
});

test.each(
  [GPT2, XGLM].flatMap((json) =>
    Object.keys(json).flatMap((key): [string, Json][] =>
      OPTIONAL.includes(key) ? [] : [[key, without(json, key)]],
    ),
  ),
)('a configuration without %s is refused by file and key', (key, json) => {
  expect(() => read(json)).toThrow(UserError);
  expect(() => read(json)).toThrow(`${FILE}: ${key}`);
});

test.each([
  [{ ...GPT2, n_layer: 0 }, 'n_layer'],
  [{ ...GPT2, n_embd: '24' }, 'n_embd'],
  [{ ...GPT2, n_embd: 24.5 }, 'n_embd'],
  [{ ...GPT2, n_head: 5 }, 'hidden size 24 is not a multiple of the 5 attention heads'],
  [{ ...GPT2, bos_token_id: 454 }, 'bosTokenId 454 is outside the vocabulary of 454'],
  [{ ...GPT2, eos_token_id: -1 }, 'eos_token_id'],
  [{ ...GPT2, activation_function: 'tanh' }, 'activation "tanh" is not supported'],
  [{ ...GPT2, activation_function: 'constructor' }, 'activation "constructor" is not supported'],
  [{ ...GPT2, scale_attn_by_inverse_layer_idx: true }, 'scale_attn_by_inverse_layer_idx is not supported'],
  [{ ...GPT2, add_cross_attention: true }, 'add_cross_attention = true is not supported'],
  [{ ...GPT2, layer_norm_epsilon: 0 }, 'layer_norm_epsilon'],
  [{ ...XGLM, d_model: 30, attention_heads: 4 }, 'hidden size 30'],
  [{ ...XGLM, model_type: 'bert' }, 'model_type "bert" is not supported; known: gpt2, xglm'],
  [{ ...XGLM, d_model: 2 }, 'd_model'],
  [{ ...GPT2, n_layer: 1e9 }, 'n_layer'],
  [{ model_type: 3 }, 'model_type is missing'],
  [[], 'model_type is missing'],
  [null, 'model_type is missing'],
  ['gpt2', 'model_type is missing'],
])('%j is refused: %s', (json, message) => {
  expect(() => read(json)).toThrow(UserError);
  expect(() => read(json)).toThrow(message);
  expect(() => read(json)).toThrow(FILE);
});

test.each([GPT2, { ...GPT2, tie_word_embeddings: false }, XGLM, { ...XGLM, tie_word_embeddings: false }])(
  'every parameter has one source of its size: $model_type, tied $tie_word_embeddings',
  (json) => {
    const config = read(json);
    const sources = familyOf(json, FILE).sources(config);
    const specs = parameterSpecs(config);
    expect([...sources.keys()].toSorted()).toEqual(specs.map(({ name }) => name).toSorted());
    for (const { name, shape } of specs) {
      const { shape: stored, transposed, outputs } = sources.get(name)!;
      const oriented = transposed ? stored.toReversed() : [...stored];
      if (outputs) oriented[0] = outputs[1] - outputs[0];
      expect(oriented, name).toEqual(shape);
    }
  },
);

test('the families that are listed are those that are found', () => {
  for (const { modelType, architecture } of listFamilies())
    expect(familyOf({ model_type: modelType }, FILE)).toMatchObject({ modelType, architecture });
});
