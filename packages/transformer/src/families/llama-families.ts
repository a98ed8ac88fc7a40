import { z } from 'zod';
import { UserError } from '../errors.ts';
import type { Family } from './family.ts';
import { llamaFamily } from './llama.ts';
import { layerCount, positiveInteger } from './schema.ts';

/** One a layer; `attention` is an older name of full attention. */
const layerTypes = z.array(z.enum(['full_attention', 'attention', 'sliding_attention'])).nullish();

const windowKeys = z.looseObject({
  num_key_value_heads: positiveInteger.nullish().default(32),
  num_hidden_layers: layerCount,
  use_sliding_window: z.boolean().default(false),
  sliding_window: positiveInteger.nullable().default(4096),
  max_window_layers: z.int().nonnegative().default(28),
  layer_types: layerTypes,
});

/**
 * Llama and the families that differ from it by a few options: another default, a bias, a window, a norm of heads. Each is
 * one entry here; a tiny model of it in testing/tiny-models.ts is then tested like all others.
 */
export const LLAMA_FAMILIES: readonly Family[] = [
  llamaFamily({ modelType: 'llama', architecture: 'LlamaForCausalLM', keys: z.looseObject({}) }),

  // Sliding windows in every layer, or in some (Ministral), no biases.
  llamaFamily({
    modelType: 'mistral',
    architecture: 'MistralForCausalLM',
    keys: z.looseObject({
      num_key_value_heads: positiveInteger.nullish().default(8),
      num_hidden_layers: layerCount,
      sliding_window: positiveInteger.nullable().default(4096),
      layer_types: layerTypes,
    }),
    fixed: { attention_bias: false, mlp_bias: false },
    options: (keys, _, file) => ({
      attentionWindows: keys.layer_types
        ? windowsByType(keys, keys.layer_types, keys.sliding_window, file)
        : Array<number | null>(keys.num_hidden_layers).fill(keys.sliding_window),
    }),
  }),

  // Also Qwen2.5: biases of queries, keys and values, sliding windows in some layers.
  llamaFamily({
    modelType: 'qwen2',
    architecture: 'Qwen2ForCausalLM',
    keys: windowKeys,
    fixed: { attention_bias: true, mlp_bias: false },
    options: (keys, { biases }, file) => ({
      biases: { ...biases, attentionOutput: false },
      attentionWindows: readWindows(keys, file),
    }),
  }),

  // Norms of queries and keys, sliding windows in some layers.
  llamaFamily({
    modelType: 'qwen3',
    architecture: 'Qwen3ForCausalLM',
    keys: windowKeys.extend({ head_dim: positiveInteger.nullish().default(128) }),
    fixed: { mlp_bias: false },
    options: (keys, _, file) => ({ queryKeyNorm: true, attentionWindows: readWindows(keys, file) }),
  }),
];

/** Windows by `layer_types`, or of the layers from `max_window_layers` on. */
function readWindows(config: z.infer<typeof windowKeys>, file: string): (number | null)[] {
  const { num_hidden_layers: layers, max_window_layers: first, layer_types: types } = config;
  const window = config.use_sliding_window ? config.sliding_window : null;
  if (!types) return Array.from({ length: layers }, (_, layer) => (layer >= first ? window : null));
  if (!config.use_sliding_window && types.includes('sliding_attention'))
    throw new UserError(`${file}: layer_types has "sliding_attention", but use_sliding_window is not true`);
  return windowsByType(config, types, window, file);
}

function windowsByType(
  { num_hidden_layers: layers }: { readonly num_hidden_layers: number },
  types: readonly string[],
  window: number | null,
  file: string,
): (number | null)[] {
  if (types.length !== layers)
    throw new UserError(`${file}: layer_types has ${types.length} entries for ${layers} layers`);
  if (window === null && types.includes('sliding_attention'))
    throw new UserError(`${file}: layer_types has "sliding_attention", but sliding_window is null`);
  return types.map((type) => (type === 'sliding_attention' ? window : null));
}
