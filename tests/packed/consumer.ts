import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathsOf } from '../../scripts/packing/manifest.ts';
import type { Tarball } from '../../scripts/packing/pack-all.ts';
import { ROOT, dependenciesOf, publishedPackages, readManifest } from '../../scripts/packing/packages.ts';
import { unpack } from '../../scripts/packing/unpack.ts';

/** The compilers that users have. */
export const COMPILERS = {
  'TypeScript 5.9': join(ROOT, 'docs/node_modules/typescript/lib/tsc.js'),
  'TypeScript 7': join(ROOT, 'node_modules/typescript/bin/tsc'),
};

/**
 * A project outside the repository that has the tarballs installed, without a registry: unpacked where npm would put them,
 * and beside them links to the repository's copies of what they depend on, and to those in `types`.
 */
export function linkedProject(folder: string, tarballs: readonly Tarball[], types: readonly string[]): void {
  const modules = join(folder, 'node_modules');
  for (const { name, path } of tarballs) unpack(path, join(modules, name));
  const wanted = publishedPackages().flatMap(({ folder: from, manifest }) => {
    const optional = (manifest['peerDependencies'] ?? {}) as Record<string, string>;
    return Object.keys({ ...dependenciesOf(manifest), ...optional }).map((name) => ({ name, from }));
  });
  for (const { name, from } of [...wanted, ...types.map((name) => ({ name, from: ROOT }))]) {
    const [target, link] = [installed(name, from), join(modules, name)];
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link, 'junction');
  }
  writeFileSync(join(folder, 'package.json'), '{ "name": "outside", "private": true, "type": "module" }\n');
}

/** Where npm has put a package for one of the repository's. */
function installed(name: string, from: string): string {
  const own = join(from, 'node_modules', name);
  return existsSync(own) ? own : join(ROOT, 'node_modules', name);
}

/** Every path that a package can be imported by, package.json left out. */
export function entriesOf(folder: string): string[] {
  const { name, exports } = readManifest(folder);
  return Object.entries(exports)
    .filter(([path, target]) => pathsOf(target).length > 0 && path !== './package.json')
    .map(([path]) => name + path.slice(1));
}

interface Compilation {
  readonly compiler: string;
  readonly files: readonly string[];
  readonly lib: readonly string[];
  readonly types: readonly string[];
  /** Where the JavaScript goes; nowhere if absent. */
  readonly outDir?: string;
  /** As for a page that a bundler makes, instead of Node. */
  readonly browser?: boolean;
}

/** What a strict compiler says, which looks into the declarations of the packages too; empty if nothing. */
export function compile(folder: string, { compiler, files, lib, types, ...more }: Compilation): string {
  const { outDir, browser = false } = more;
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = {
    ...{ target: 'es2022', strict: true, skipLibCheck: false, lib, types },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...(browser
      ? { module: 'esnext', moduleResolution: 'bundler', customConditions: ['browser'] }
      : { module: 'nodenext' }),
    ...(outDir === undefined ? { noEmit: true } : { outDir, rootDir: '.' }),
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', config], { encoding: 'utf8' });
  return stdout + stderr;
}
