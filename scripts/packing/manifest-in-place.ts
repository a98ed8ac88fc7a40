import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, packedManifest } from './manifest.ts';

/** npm leaves files of this name out of tarballs, and git ignores it. */
const KEPT = 'package.json.orig';

/** Puts the manifest of the tarball in the place of the repository's, which is kept beside it. */
export function rewriteManifest(folder: string): void {
  restoreManifest(folder);
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  // In this order: wherever it ends, the next call finds what belongs there.
  replace(join(folder, KEPT), text);
  replace(join(folder, 'package.json'), packedText(text));
}

/**
 * Puts the repository's manifest back. True if there was one to put back.
 * @throws Error if the one in its place is not what packing wrote: somebody has edited it
 */
export function restoreManifest(folder: string): boolean {
  const [kept, path] = [join(folder, KEPT), join(folder, 'package.json')];
  if (!existsSync(kept)) return false;
  const [original, now] = [readFileSync(kept, 'utf8'), readFileSync(path, 'utf8')];
  if (now !== original && now !== packedText(original)) {
    throw new Error(
      `${path} was edited while a packing had rewritten it: make the edit in ${KEPT} beside it, then move that over package.json`,
    );
  }
  if (now === original) rmSync(kept);
  else renameSync(kept, path);
  return true;
}

function packedText(text: string): string {
  return `${JSON.stringify(packedManifest(JSON.parse(text) as Manifest), null, 2)}\n`;
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.orig-new`, text);
  renameSync(`${path}.orig-new`, path);
}
