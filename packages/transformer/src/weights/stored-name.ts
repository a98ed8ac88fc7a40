import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { ParameterSource } from '../families/family.ts';

/** The name under which the checkpoint has a parameter. */
export function storedName(checkpoint: Checkpoint, source: ParameterSource): string | undefined {
  return source.tensors.find((name) => checkpoint.tensors.has(name));
}
