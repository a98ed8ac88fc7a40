import { UserError } from '../errors.ts';
import type { Family } from './family.ts';
import { gpt2 } from './gpt2.ts';
import { gptNeo } from './gpt-neo.ts';
import { gptNeoX } from './gpt-neox.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { opt } from './opt.ts';
import { qwen2, qwen3 } from './qwen.ts';
import { xglm } from './xglm.ts';

const FAMILIES: readonly Family[] = [gpt2, xglm, opt, gptNeo, gptNeoX, llama, mistral, qwen2, qwen3];

/** Architectures that can be loaded, for `icl-gd ls models`. */
export function listFamilies(): readonly { modelType: string; architecture: string }[] {
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
      ? `${file}: model_type "${type}" is not supported; known: ${known}`
      : `${file}: model_type is missing; known: ${known}`,
  );
}
