import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/**
 * Where an optional package is installed: as this package sees it (beside it, or above it), else as the program that runs
 * does. The second finds what a project has where this package is linked into it from elsewhere.
 * @returns the file that its name stands for; undefined where it is not installed
 */
export function findPackage(name: string): string | undefined {
  for (const place of [import.meta.url, programFile()]) {
    try {
      return createRequire(place).resolve(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

/** The file that Node was started with; where it was given a text instead, any file beside which Node itself would look. */
function programFile(): string {
  const file = process.argv[1];
  if (file === undefined) return join(process.cwd(), 'program.js');
  try {
    return realpathSync(file);
  } catch {
    return resolve(file);
  }
}
