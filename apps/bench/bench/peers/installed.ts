import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const FOLDER = join(import.meta.dirname, 'node_modules');
const require = createRequire(import.meta.url);

export const HOW_TO_INSTALL = 'npm ci --prefix apps/bench/bench/peers';

/** Whether the libraries that are compared with are there. */
export function isInstalled(): boolean {
  return existsSync(join(FOLDER, '.package-lock.json'));
}

export function versionOf(name: string): string {
  const manifest = JSON.parse(readFileSync(join(FOLDER, name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** The folder of a package, as an address that ends in a slash. */
export function addressOf(name: string): string {
  return `${pathToFileURL(join(FOLDER, name)).href}/`;
}

/* Names are no literals in what follows: the packages are not installed where types are checked. */

export async function importModule<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(join(FOLDER, file)).href)) as T;
}

export function requireModule<T>(name: string): T {
  return require(name) as T;
}
