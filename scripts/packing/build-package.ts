import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { restoreManifest } from './manifest-in-place.ts';
import { ROOT } from './packages.ts';
import { brokenMaps } from './source-maps.ts';

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/**
 * Builds `dist` of packages from nothing: JavaScript, declarations, and maps of both.
 * @throws Error where the compiler refuses a file or a map leads nowhere
 */
export function buildPackages(folders: readonly string[]): void {
  for (const folder of folders) {
    if (restoreManifest(folder)) console.error(`${folder}: package.json restored, which a packing had left`);
    rmSync(join(folder, 'dist'), { recursive: true, force: true });
  }
  const projects = folders.map((folder) => join(folder, 'tsconfig.build.json'));
  execFileSync(process.execPath, [TSC, '-b', ...projects], { stdio: 'inherit' });
  for (const folder of folders) finish(join(folder, 'dist'));
}

function finish(dist: string): void {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  for (const file of files) if (file.endsWith('.d.ts')) renameImports(join(dist, file));
  const broken = files
    .filter((file) => file.endsWith('.map'))
    .flatMap((file) => brokenMaps(join(dist, file)));
  if (broken.length > 0) throw new Error(`source maps lead nowhere: ${broken.join(', ')}`);
}

/** tsc leaves `./x.ts` in declarations as it is. The new text has the same length, so that maps stay true. */
function renameImports(file: string): void {
  const text = readFileSync(file, 'utf8');
  const renamed = text.replaceAll(
    /(\bfrom |\bimport\(|^import )(['"])(\.\.?\/[^'"]*)\.ts\2/gm,
    '$1$2$3.js$2',
  );
  if (renamed !== text) writeFileSync(file, renamed);
}
