import { UserError } from '../errors.ts';
import type { Family } from './family.ts';
import { unknownRopeKeys } from './rope.ts';
import { listed, quote } from '../words.ts';

/**
 * Keys of config.json that say nothing about the next token's probabilities in any family: token ids of other tasks, how a
 * model was trained, what it returns, how it generates. Each was held against Hugging Face's classes with changed values
 * (testing/config-keys.json); a key belongs here only if none of them changes the loss.
 */
export const HARMLESS: ReadonlySet<string> = new Set([
  ...[
    'model_type',
    'architectures',
    'transformers_version',
    'torch_dtype',
    'dtype',
    'tokenizer_class',
    'prefix',
  ],
  ...['_name_or_path', 'name_or_path', '_commit_hash', '_num_labels', 'num_labels', 'id2label', 'label2id'],
  ...[
    'finetuning_task',
    'problem_type',
    'task_specific_params',
    'custom_pipelines',
    'transformers.js_config',
  ],
  ...[
    'pad_token_id',
    'sep_token_id',
    'unk_token_id',
    'cls_token_id',
    'mask_token_id',
    'decoder_start_token_id',
  ],
  // Training.
  ...['initializer_range', 'init_std', 'gradient_checkpointing', 'layerdrop', 'dropout', 'attention_dropout'],
  ...[
    'activation_dropout',
    'hidden_dropout',
    'classifier_dropout',
    'resid_pdrop',
    'embd_pdrop',
    'attn_pdrop',
  ],
  ...[
    'resid_dropout',
    'embed_dropout',
    'hidden_dropout_prob',
    'attention_probs_dropout_prob',
    'unsloth_version',
  ],
  ...['unsloth_fixed'],
  // How the reference implementation computes and what it returns.
  ...[
    'use_cache',
    'pretraining_tp',
    'output_attentions',
    'output_hidden_states',
    'output_scores',
    'return_dict',
  ],
  ...['return_dict_in_generate', 'use_return_dict', 'torchscript', 'use_bfloat16', 'tf_legacy_loss'],
  ...['attn_implementation', '_attn_implementation', '_attn_implementation_autoset', '_flash_attn_2_enabled'],
  ...['chunk_size_feed_forward', 'reorder_and_upcast_attn', 'is_decoder', 'tie_encoder_decoder'],
  ...['cross_attention_hidden_size', 'n_ctx', 'max_sequence_length', 'is_llama_config', 'output_past'],
  ...['n_special', 'predict_special_tokens', 'use_past'],
  // Generation, and other programs' settings of it.
  ...[
    'max_length',
    'min_length',
    'max_new_tokens',
    'min_new_tokens',
    'do_sample',
    'early_stopping',
    'num_beams',
  ],
  ...[
    'num_beam_groups',
    'diversity_penalty',
    'temperature',
    'top_k',
    'top_p',
    'typical_p',
    'repetition_penalty',
  ],
  ...['length_penalty', 'no_repeat_ngram_size', 'encoder_no_repeat_ngram_size', 'bad_words_ids'],
  ...['num_return_sequences', 'forced_bos_token_id', 'forced_eos_token_id', 'remove_invalid_values'],
  ...['exponential_decay_length_penalty', 'suppress_tokens', 'begin_suppress_tokens', 'newlinemode'],
  ...['badwordsids', 'welcome'],
  // Heads for other tasks.
  ...['summary_type', 'summary_use_proj', 'summary_activation', 'summary_proj_to_labels'],
  ...['summary_first_dropout', 'summary_last_dropout'],
]);

/** Keys that say that something is left out, so that nothing need be said of them. */
const HARMLESS_IF_OFF: ReadonlySet<string> = new Set(['use_mrope', 'rope_interleaved']);

/** What no family does, with the values that ask for nothing. */
const REFUSED: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['is_causal', (value) => value === true],
  ['add_cross_attention', isOff],
  ['is_encoder_decoder', isOff],
  ['per_layer_config', isOff],
  ['pruned_heads', isOff],
]);

/** Weights that are stored as something else than numbers. */
const QUANTISED = ['quantization_config', 'compression_config'];

type Json = Readonly<Record<string, unknown>>;

/**
 * The contents of config.json with every key under the name that the family reads. Where both names are there the alias
 * counts, as in Hugging Face's reading.
 * @throws UserError for a key that asks for what no family does
 */
export function nativeKeys(
  { aliases = {} }: Pick<Family, 'aliases'>,
  json: Json,
  file: string,
): Record<string, unknown> {
  for (const [key, allowed] of REFUSED)
    if (Object.hasOwn(json, key) && !allowed(json[key]))
      throw new UserError(`${file}: ${key} = ${quote(json[key])} is not supported`, 'unsupported-model');
  for (const key of QUANTISED)
    if (Object.hasOwn(json, key) && !isOff(json[key]))
      throw new UserError(
        `${file}: ${key}: quantised weights are not read; get the model's weights in float32, float16 or bfloat16`,
        'unsupported-model',
      );
  const own: Record<string, unknown> = { ...json };
  for (const [alias, key] of Object.entries(aliases)) {
    if (!Object.hasOwn(own, alias)) continue;
    own[key] = own[alias];
    delete own[alias];
  }
  return own;
}

/** Keys of config.json that the family does not read and that are not known to be harmless, in the file's order. */
function unknownKeys({ keys, aliases = {} }: Pick<Family, 'keys' | 'aliases'>, json: Json): string[] {
  return Object.entries(json)
    .filter(
      ([key, value]) =>
        !keys.includes(key) &&
        !Object.hasOwn(aliases, key) &&
        !HARMLESS.has(key) &&
        !REFUSED.has(key) &&
        !QUANTISED.includes(key) &&
        !(HARMLESS_IF_OFF.has(key) && isOff(value)),
    )
    .map(([key]) => key);
}

/** A line about the keys of config.json that are not known, if there are any. */
export function keyWarnings(family: Pick<Family, 'keys' | 'aliases'>, json: Json, file: string): string[] {
  const rotary = family.keys.includes('rope_scaling') ? unknownRopeKeys(json) : [];
  const names = [...unknownKeys(family, json), ...rotary];
  if (names.length === 0) return [];
  return [
    `${file}: not read, as no ${String(json['model_type'])} model is known to have it: ${listed(names)}`,
  ];
}

function isOff(value: unknown): boolean {
  if (value === null || value === false || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
