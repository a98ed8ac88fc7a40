import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

const MODULE = /\.[cm]?[jt]sx?$/;
/** The relative paths of import and export declarations and of import() with a literal. */
const IMPORT = /\b(?:from|import)\s*\(?\s*(["'`])(\.\.?\/[^"'`\n]*)\1/g;

/**
 * Digest of a module and of all that it imports by relative path, directly or not. It depends on their texts and where they
 * stand relative to each other. A path that is computed, or found by a package's name, is not followed.
 */
export function sourceDigest(file: string): string {
  const root = resolve(file);
  const digests = new Map<string, string>();
  const visit = (path: string): void => {
    if (digests.has(path)) return;
    const content = read(path);
    // A comment may look like an import; a real one that is missing fails where the module is loaded.
    if (content === undefined) return;
    digests.set(path, createHash('sha256').update(content).digest('hex'));
    if (!MODULE.test(path)) return;
    for (const [, , imported = ''] of content.toString('utf8').matchAll(IMPORT))
      visit(resolve(dirname(path), imported.replace(/[?#].*$/, '')));
  };
  visit(root);
  const parts = [...digests].map(([path, digest]) => [path === root ? '' : place(root, path), digest]);
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** The same on every system. */
function place(root: string, path: string): string {
  return relative(dirname(root), path).replaceAll('\\', '/');
}
