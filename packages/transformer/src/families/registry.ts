import { UserError } from '../errors.ts';
import type { Family } from './family.ts';
import { gpt2 } from './gpt2.ts';
import { gptNeo } from './gpt-neo.ts';
import { gptNeoX } from './gpt-neox.ts';
import { nativeKeys } from './keys.ts';
import { checkFamily, checkedFamily } from './own-family.ts';
import { LLAMA_FAMILIES } from './llama-families.ts';
import { opt } from './opt.ts';
import { quote } from '../words.ts';
import { xglm } from './xglm.ts';

/**
 * Every family that can be loaded. To add one that is like Llama but for a few options (another activation, rotary base,
 * window, bias), add an entry to llama-families.ts. An architecture of its own is a file like opt.ts and its name here; what
 * the decoder cannot do yet becomes an option of `DecoderConfig` and of the decoder.
 */
const FAMILIES: readonly Family[] = [gpt2, xglm, opt, gptNeo, gptNeoX, ...LLAMA_FAMILIES].map(withNativeKeys);

/** A family that reads every key of config.json under its own name for it, and refuses what no family does. */
function withNativeKeys(family: Family): Family {
  return {
    ...family,
    readConfig: (json, file) =>
      family.readConfig(nativeKeys(family, json as Readonly<Record<string, unknown>>, file), file),
  };
}

/** Model types (as in config.json) and architectures that can be loaded. */
export function listFamilies(): readonly { readonly modelType: string; readonly architecture: string }[] {
  return FAMILIES.map(({ modelType, architecture }) => ({ modelType, architecture }));
}

/**
 * The family that reads a config.json.
 * @param own families that are not built in
 * @throws UserError if config.json names no family, or one that is not supported, or a family of `own` is none or would take
 *   the place of a built-in one without saying so
 */
export function familyOf(json: unknown, file: string, own: readonly Family[] = []): Family {
  const type =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)['model_type'] : undefined;
  const checked = own.map((family) => checkFamily(family));
  for (const { modelType, replacesBuiltIn } of checked)
    if (!replacesBuiltIn && FAMILIES.some((family) => family.modelType === modelType))
      throw new UserError(
        `a family of one's own has model_type ${quote(modelType)}, which is built in: give it another, or set replacesBuiltIn where it is meant to be read instead`,
      );
  const found = checked.find(({ modelType }) => modelType === type);
  if (found) return withNativeKeys(checkedFamily(found));
  const family = FAMILIES.find(({ modelType }) => modelType === type);
  if (family) return family;
  const known = [...checked, ...FAMILIES].map(({ modelType }) => modelType).join(', ');
  throw new UserError(
    typeof type === 'string'
      ? `${file}: model_type ${quote(type)} is not supported; known: ${known}`
      : `${file}: model_type is missing; known: ${known}`,
    'unsupported-model',
  );
}
