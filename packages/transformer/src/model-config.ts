import type { DecoderConfig } from './config.ts';
import type { Family } from './families/family.ts';
import { familyOf } from './families/registry.ts';
import { checkConfig } from './parameters.ts';

/**
 * The decoder that the contents of a config.json describe.
 * @param where the contents come from, for errors
 * @param families model types that are not built in
 * @throws UserError naming the key if no family reads them
 */
export function readModelConfig(
  json: Readonly<Record<string, unknown>>,
  where: string,
  families: readonly Family[] = [],
): DecoderConfig {
  return checkConfig(familyOf(json, where, families).readConfig(json, where), where);
}
