import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './manifest.ts';

export const ROOT = join(import.meta.dirname, '../..');

/** A package that is published. */
export interface Package {
  /** Absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The packages, each after those that it depends on. */
export function publishedPackages(): Package[] {
  const all = ['packages', 'apps']
    .flatMap((group) => readdirSync(join(ROOT, group)).map((name) => join(ROOT, group, name)))
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
    .filter(({ manifest }) => manifest.private !== true);
  const sorted: Package[] = [];
  const visit = (one: Package): void => {
    if (sorted.includes(one)) return;
    for (const name of Object.keys(dependenciesOf(one.manifest))) {
      const other = all.find(({ manifest }) => manifest.name === name);
      if (other) visit(other);
    }
    sorted.push(one);
  };
  for (const one of all) visit(one);
  return sorted;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

export function dependenciesOf(manifest: Manifest): Readonly<Record<string, string>> {
  return (manifest['dependencies'] ?? {}) as Record<string, string>;
}
