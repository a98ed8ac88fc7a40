import type { DecoderConfig } from './config.ts';
import { familyOf } from './families/registry.ts';
import { checkConfig } from './parameters.ts';

/**
 * The decoder that the contents of a config.json describe.
 * @param where the contents come from, for errors
 * @throws UserError naming the key if no family reads them
 */
export function readModelConfig(json: Readonly<Record<string, unknown>>, where: string): DecoderConfig {
  return checkConfig(familyOf(json, where).readConfig(json, where), where);
}
