import { UserError } from '../errors.ts';
import type { Family } from './family.ts';
import { gpt2 } from './gpt2.ts';
import { gptNeo } from './gpt-neo.ts';
import { gptNeoX } from './gpt-neox.ts';
import { nativeKeys } from './keys.ts';
import { LLAMA_FAMILIES } from './llama-families.ts';
import { opt } from './opt.ts';
import { quote } from '../words.ts';
import { xglm } from './xglm.ts';

/**
 * Every family that can be loaded. To add one that is like Llama but for a few options (another activation, rotary base,
 * window, bias), add an entry to llama-families.ts. An architecture of its own is a file like opt.ts and its name here; what
 * the decoder cannot do yet becomes an option of `DecoderConfig` and of the decoder.
 */
const FAMILIES: readonly Family[] = [gpt2, xglm, opt, gptNeo, gptNeoX, ...LLAMA_FAMILIES].map(
  (family): Family => ({
    ...family,
    readConfig: (json, file) =>
      family.readConfig(nativeKeys(family, json as Readonly<Record<string, unknown>>, file), file),
  }),
);

/** Model types (as in config.json) and architectures that can be loaded. */
export function listFamilies(): readonly { readonly modelType: string; readonly architecture: string }[] {
  return FAMILIES.map(({ modelType, architecture }) => ({ modelType, architecture }));
}

/** @throws UserError if config.json names no family, or one that is not supported */
export function familyOf(json: unknown, file: string): Family {
  const type =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)['model_type'] : undefined;
  const family = FAMILIES.find(({ modelType }) => modelType === type);
  if (family) return family;
  const known = FAMILIES.map(({ modelType }) => modelType).join(', ');
  throw new UserError(
    typeof type === 'string'
      ? `${file}: model_type ${quote(type)} is not supported; known: ${known}`
      : `${file}: model_type is missing; known: ${known}`,
    'unsupported-model',
  );
}
