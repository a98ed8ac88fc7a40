import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Family } from './family.ts';
import { llamaSources, readLlamaConfig } from './llama.ts';
import { parseConfig, layerCount, positiveInteger } from './schema.ts';

/** The Python classes' own defaults where config.json leaves a key out. */
const schema = z.looseObject({
  num_key_value_heads: positiveInteger.nullish().default(32),
  num_hidden_layers: layerCount,
  use_sliding_window: z.boolean().default(false),
  sliding_window: positiveInteger.nullable().default(4096),
  max_window_layers: z.int().nonnegative().default(28),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
});

const qwen3Schema = z.looseObject({ head_dim: positiveInteger.nullish().default(128) });

/** Qwen2 and Qwen2.5: Llama with biases of queries, keys and values, and with sliding windows in some layers. */
export const qwen2: Family = {
  modelType: 'qwen2',
  architecture: 'Qwen2ForCausalLM',

  readConfig(json, file): DecoderConfig {
    const own = parseConfig(schema, json, file);
    const llama = readLlamaConfig({ ...own, attention_bias: true, mlp_bias: false }, file);
    return {
      ...llama,
      family: 'qwen2',
      biases: { ...llama.biases, attentionOutput: false },
      attentionWindows: readWindows(own, file),
    };
  },

  sources: llamaSources,
};

/** Qwen3: Llama with norms of queries and keys, and with sliding windows in some layers. */
export const qwen3: Family = {
  modelType: 'qwen3',
  architecture: 'Qwen3ForCausalLM',

  readConfig(json, file): DecoderConfig {
    const own = parseConfig(schema, parseConfig(qwen3Schema, json, file), file);
    return {
      ...readLlamaConfig({ ...own, mlp_bias: false }, file),
      family: 'qwen3',
      queryKeyNorm: true,
      attentionWindows: readWindows(own, file),
    };
  },

  sources: llamaSources,
};

/** Windows by `layer_types`, or of the layers from `max_window_layers` on. */
function readWindows(config: z.infer<typeof schema>, file: string): (number | null)[] {
  const { num_hidden_layers: layers, max_window_layers: first, layer_types: types } = config;
  const window = config.use_sliding_window ? config.sliding_window : null;
  if (!types) return Array.from({ length: layers }, (_, layer) => (layer >= first ? window : null));
  if (types.length !== layers)
    throw new UserError(`${file}: layer_types has ${types.length} entries for ${layers} layers`);
  if (window === null && types.includes('sliding_attention')) {
    throw new UserError(
      `${file}: layer_types has "sliding_attention", but ${config.use_sliding_window ? 'sliding_window is null' : 'use_sliding_window is not true'}`,
    );
  }
  return types.map((type) => (type === 'sliding_attention' ? window : null));
}
