import { type Mutant, mutantsOf } from '../mutant.ts';

const SRC = 'packages/transformer/src';
const FAMILIES = `${SRC}/families`;
const FAMILY_TESTS = [
  `${FAMILIES}/family-readings.test.ts`,
  `${FAMILIES}/families.test.ts`,
  `${FAMILIES}/newer-families.test.ts`,
];
const LOAD_TEST = `${SRC}/weights/load.test.ts`;
const KEYS_TESTS = [`${FAMILIES}/config-keys.test.ts`];

/** How families read config.json and name tensors. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${FAMILIES}/gpt2.ts`, tests: [...FAMILY_TESTS, LOAD_TEST, 'tests/parity.test.ts'] }, [
    {
      id: 'gpt2-not-transposed',
      kind: 'transposed operand',
      find: 'const transposed = { transposed: true, ...layout };',
      replace: 'const transposed = { transposed: false, ...layout };',
    },
    {
      id: 'gpt2-key-value-swapped',
      kind: 'wrong tensor',
      find: 'd, 3 * d, [d, 2 * d]);',
      replace: 'd, 3 * d, [2 * d, 3 * d]);',
    },
    {
      id: 'gpt2-activation',
      kind: 'activation variant',
      find: "z.string().default('gelu_new')",
      replace: "z.string().default('gelu')",
    },
    {
      id: 'gpt2-scale',
      kind: 'missing scale',
      find: 'config.scale_attn_weights ? headDim ** -0.5 : 1',
      replace: 'config.scale_attn_weights ? 1 : headDim ** -0.5',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/xglm.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'xglm-position-offset',
      kind: 'position offset',
      find: 'const POSITION_OFFSET = 2;',
      replace: 'const POSITION_OFFSET = 1;',
    },
    {
      id: 'xglm-embedding-scale',
      kind: 'missing scale',
      find: 'config.scale_embedding ? Math.sqrt(config.d_model) : 1',
      replace: 'config.scale_embedding ? config.d_model : 1',
    },
    {
      id: 'xglm-norms-swapped',
      kind: 'norm placement',
      find: '`${name}.attentionNorm`, `${name}.self_attn_layer_norm`',
      replace: '`${name}.attentionNorm`, `${name}.final_layer_norm`',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/opt.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'opt-queries-and-keys-swapped',
      kind: 'wrong tensor',
      find: 'sources.module(`${name}.attention.query`, `${name}.self_attn.q_proj`, [d, d], biases.query);\n      sources.module(`${name}.attention.key`, `${name}.self_attn.k_proj`,',
      replace:
        'sources.module(`${name}.attention.query`, `${name}.self_attn.k_proj`, [d, d], biases.query);\n      sources.module(`${name}.attention.key`, `${name}.self_attn.q_proj`,',
    },
    { id: 'opt-epsilon', kind: 'dropped epsilon', find: 'normEpsilon: 1e-5', replace: 'normEpsilon: 1e-6' },
    {
      id: 'opt-scale',
      kind: 'missing scale',
      find: 'attentionScale: headDim ** -0.5',
      replace: 'attentionScale: 1',
    },
    {
      id: 'opt-final-norm-of-post-norm',
      kind: 'norm placement',
      find: 'finalNorm: preNorm && !config._remove_final_layer_norm',
      replace: 'finalNorm: !config._remove_final_layer_norm',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/gpt-neo.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'gpt-neo-scaled',
      kind: 'missing scale',
      find: 'attentionScale: 1,',
      replace: 'attentionScale: (config.hidden_size / config.num_heads) ** -0.5,',
    },
    {
      id: 'gpt-neo-windows-swapped',
      kind: 'off-by-one mask',
      find: "kind === 'local' ? window : null",
      replace: "kind === 'global' ? window : null",
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/gpt-neox.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'neox-thirds',
      kind: 'wrong stride',
      find: '{ outputs: [i * headDim, (i + 1) * headDim], parts: heads },',
      replace: '{ outputs: [i * d, (i + 1) * d] },',
    },
    {
      id: 'neox-rotary-share',
      kind: 'rotary pairs',
      find: 'rope.fraction ?? 0.25)',
      replace: 'rope.fraction ?? 1)',
    },
    {
      id: 'neox-parallel-by-default',
      kind: 'norm placement',
      find: 'use_parallel_residual: z.boolean().default(true)',
      replace: 'use_parallel_residual: z.boolean().default(false)',
    },
    {
      id: 'neox-feed-forward-norm',
      kind: 'norm placement',
      find: '`${name}.feedForwardNorm`, `${name}.post_attention_layernorm`',
      replace: '`${name}.feedForwardNorm`, `${name}.input_layernorm`',
    },
    {
      id: 'neox-scale',
      kind: 'missing scale',
      find: 'attentionScale: headDim ** -0.5',
      replace: 'attentionScale: 1',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/llama.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'llama-gate-and-up-swapped',
      kind: 'wrong tensor',
      find: '`${name}.mlp.gate_proj`, [ff, d], biases.feedForward);\n    sources.module(`${name}.feedForward.up`, `${name}.mlp.up_proj`',
      replace:
        '`${name}.mlp.up_proj`, [ff, d], biases.feedForward);\n    sources.module(`${name}.feedForward.up`, `${name}.mlp.gate_proj`',
    },
    {
      id: 'llama-key-and-value-swapped',
      kind: 'wrong tensor',
      find: '`${name}.attention.value`, `${name}.self_attn.v_proj`',
      replace: '`${name}.attention.value`, `${name}.self_attn.k_proj`',
    },
    {
      id: 'llama-scale-of-hidden-size',
      kind: 'missing scale',
      find: 'attentionScale: headDim ** -0.5',
      replace: 'attentionScale: (config.hidden_size / heads) ** -0.5',
    },
    {
      id: 'llama-theta',
      kind: 'rope rescaling',
      find: 'theta: rope.theta ?? 10000',
      replace: 'theta: rope.theta ?? 1000',
    },
    {
      id: 'llama-key-value-heads',
      kind: 'wrong head mapping',
      find: 'kvHeads: config.num_key_value_heads ?? heads',
      replace: 'kvHeads: heads',
    },
    {
      id: 'llama-epsilon',
      kind: 'dropped epsilon',
      find: 'rms_norm_eps: z.number().positive().default(1e-6)',
      replace: 'rms_norm_eps: z.number().positive().default(1e-5)',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/llama-families.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'windows-from-the-next-layer',
      kind: 'layer off by one',
      find: 'layer >= first ? window : null',
      replace: 'layer > first ? window : null',
    },
    {
      id: 'windows-before-the-first',
      kind: 'layer off by one',
      find: 'layer >= first ? window : null',
      replace: 'layer < first ? window : null',
    },
    {
      id: 'qwen2-output-bias',
      kind: 'dropped bias',
      find: 'biases: { ...biases, attentionOutput: false },',
      replace: 'biases: { ...biases, keyValue: false, attentionOutput: false },',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/rope.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'rope-outer-original-context',
      kind: 'rope rescaling',
      find: 'config.original_max_position_embeddings ?? own ?? config.max_position_embeddings',
      replace: 'own ?? config.max_position_embeddings',
    },
    {
      id: 'rope-high-and-low-swapped',
      kind: 'rope rescaling',
      find: 'lowFrequencyFactor: low,\n      highFrequencyFactor: high,',
      replace: 'lowFrequencyFactor: high,\n      highFrequencyFactor: low,',
    },
    {
      id: 'yarn-default-beta',
      kind: 'rope rescaling',
      find: 'own.beta_fast ?? 32',
      replace: 'own.beta_fast ?? 16',
    },
    {
      id: 'yarn-temperature',
      kind: 'rope rescaling',
      find: '0.1 * multiplier * Math.log(factor) + 1',
      replace: '0.1 * multiplier * Math.log2(factor) + 1',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/keys.ts`, tests: KEYS_TESTS }, [
    {
      id: 'alias-ignored',
      kind: 'config key',
      find: 'own[key] = own[alias];',
      replace: '',
    },
    {
      id: 'not-causal-accepted',
      kind: 'config key',
      find: "['is_causal', (value) => value === true],",
      replace: '',
    },
    {
      id: 'harmful-key-harmless',
      kind: 'config key',
      find: "'cross_attention_hidden_size', 'n_ctx'",
      replace: "'cross_attention_hidden_size', 'is_causal', 'n_ctx'",
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/rope.ts`, tests: [...KEYS_TESTS, ...FAMILY_TESTS] }, [
    {
      id: 'empty-rope-scaling-counts',
      kind: 'config key',
      find: 'older && Object.keys(older).length > 0',
      replace: 'older',
    },
    {
      id: 'nested-rope-accepted',
      kind: 'config key',
      find: 'if (nested !== undefined)',
      replace: 'if (nested === file)',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/gpt-neox.ts`, tests: [...KEYS_TESTS, ...FAMILY_TESTS] }, [
    {
      id: 'rotary-pct-first',
      kind: 'config key',
      find: 'Math.trunc(headDim * (rope.fraction ?? 0.25))',
      replace: 'Math.trunc(headDim * (config.rotary_pct ?? rope.fraction ?? 0.25))',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/llama-families.ts`, tests: KEYS_TESTS }, [
    {
      id: 'mistral-always-slides',
      kind: 'config key',
      find: 'attentionWindows: keys.layer_types\n',
      replace: 'attentionWindows: keys.layer_types && false\n',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/xglm.ts`, tests: KEYS_TESTS }, [
    {
      id: 'padding-row-kept',
      kind: 'config key',
      find: '? { zeroRow: row } : {}',
      replace: '? {} : {}',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/family.ts`, tests: [...FAMILY_TESTS, LOAD_TEST] }, [
    {
      id: 'fused-part-stride',
      kind: 'wrong stride',
      find: 'const stride = all / parts;',
      replace: 'const stride = end - first;',
    },
  ]),
  ...mutantsOf({ file: `${FAMILIES}/schema.ts`, tests: FAMILY_TESTS }, [
    {
      id: 'gelu-new-as-gelu',
      kind: 'activation variant',
      find: "['gelu_new', 'gelu_tanh'],",
      replace: "['gelu_new', 'gelu'],",
    },
    {
      id: 'last-eos',
      kind: 'special token',
      find: '(ids[0] ?? null)',
      replace: '(ids.at(-1) ?? null)',
    },
    {
      id: 'gelu-pytorch-tanh',
      kind: 'activation variant',
      find: "['gelu_pytorch_tanh', 'gelu_tanh'],",
      replace: "['gelu_pytorch_tanh', 'gelu'],",
    },
  ]),
];
