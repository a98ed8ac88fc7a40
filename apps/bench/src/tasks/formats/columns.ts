import { UserError } from '@icl-gd/gpu-kernels/errors';
import { listed } from '../../terminal/words.ts';

/**
 * Checks that a file has the wanted columns.
 *
 * @param wanted lists of names; of each list one must be present
 * @throws UserError naming the file, what it lacks and what it has
 */
export function requireColumns(
  path: string,
  present: readonly string[],
  wanted: readonly (readonly string[])[],
): void {
  const own = new Set(present);
  const missing = wanted.find((names) => !names.some((name) => own.has(name)));
  if (missing)
    throw new UserError(
      `${path}: column ${missing.map((name) => `'${name}'`).join(' or ')} is missing; it has ${listed(present) || 'none'}.`,
    );
}
