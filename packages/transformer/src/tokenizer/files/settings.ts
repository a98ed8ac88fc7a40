import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { addedTokenOptions } from '../added-token.ts';
import { shown } from '../../words.ts';

// Not z.record, which drops a key called __proto__.
const object = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);

const settings = z.looseObject({
  tokenizer_class: z.string().nullish(),
  add_prefix_space: z.boolean().nullish(),
  legacy: z.boolean().nullish(),
  added_tokens_decoder: object.optional(),
  extra_special_tokens: z.union([z.array(z.unknown()), object]).nullish(),
  additional_special_tokens: z.array(z.unknown()).nullish(),
});

/** Keys by which a tokenizer_config.json would make another tokenizer, with the values that change nothing. */
const REFUSED: Readonly<Record<string, (value: unknown) => boolean>> = {
  fix_mistral_regex: (value) => value !== true,
  backend: (value) => value === 'tokenizers',
  init_inputs: (value) => Array.isArray(value) && value.length === 0,
  fast_tokenizer_files: (value) => Array.isArray(value) && value.every((file) => file === 'tokenizer.json'),
  auto_map: (value) => !namesTokenizer(value),
  ...Object.fromEntries(
    ['vocab', 'merges', 'tokenizer_object', 'gguf_file'].map((key) => [key, () => false]),
  ),
};

function namesTokenizer(map: unknown): boolean {
  if (Array.isArray(map)) return true;
  return typeof map === 'object' && map !== null && Object.hasOwn(map, 'AutoTokenizer');
}

/** tokenizer_config.json. */
export type TokenizerSettings = z.infer<typeof settings>;

function issueText(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${shown(issue.path.join('.'), 60) || 'its content'}: ${issue.message}`;
}

/** @throws UserError if a value cannot be, or asks for what is not supported */
export function parseSettings(json: unknown, file: string): TokenizerSettings {
  const parsed = settings.safeParse(json);
  if (!parsed.success) throw new UserError(`${file}: not usable: ${issueText(parsed.error)}`);
  for (const [key, harmless] of Object.entries(REFUSED)) {
    const value = Object.hasOwn(parsed.data, key) ? parsed.data[key] : undefined;
    if (value === undefined || value === null || harmless(value)) continue;
    throw new UserError(
      `${file}: ${key} makes another tokenizer of this folder in transformers and is not supported; without it the tokenizer is what the other files say`,
    );
  }
  return parsed.data;
}

/** An object such as added_tokens.json or special_tokens_map.json. @throws UserError if it is none */
export function parseObject(json: unknown, file: string): Readonly<Record<string, unknown>> {
  const parsed = object.safeParse(json);
  if (!parsed.success) throw new UserError(`${file}: not usable: ${issueText(parsed.error)}`);
  return parsed.data;
}

/** The options of an added token in a settings file, in which `__type` says no more than that it is one. */
export function parseAddedToken(value: unknown, place: string, file: string) {
  const where = `${file}: ${shown(place, 60)}`;
  const { __type: _, ...rest } = parseObject(value, where);
  const parsed = addedTokenOptions.safeParse(rest);
  if (!parsed.success) throw new UserError(`${where}: ${issueText(parsed.error)}`);
  const token = parsed.data;
  return { ...token, normalized: token.normalized ?? !token.special };
}
