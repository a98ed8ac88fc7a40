import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import type { Family } from './family.ts';
import { llamaSources, readLlamaConfig } from './llama.ts';
import { parseConfig, positiveInteger } from './schema.ts';

/** The Python class's own defaults where config.json leaves a key out; it knows no biases. */
const schema = z.looseObject({
  num_key_value_heads: positiveInteger.nullish().default(8),
  num_hidden_layers: positiveInteger,
  sliding_window: positiveInteger.nullable().default(4096),
});

/** Mistral: Llama whose every layer attends within a sliding window. */
export const mistral: Family = {
  modelType: 'mistral',
  architecture: 'MistralForCausalLM',

  readConfig(json, file): DecoderConfig {
    const own = parseConfig(schema, json, file);
    const llama = readLlamaConfig({ ...own, attention_bias: false, mlp_bias: false }, file);
    const attentionWindows = Array<number | null>(llama.layers).fill(own.sliding_window);
    return { ...llama, family: 'mistral', attentionWindows };
  },

  sources: llamaSources,
};
