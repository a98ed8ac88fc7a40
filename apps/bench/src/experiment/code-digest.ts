import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleBeside } from '../terminal/module-beside.ts';

/** What makes what is kept of a cell. */
interface Parts {
  readonly packages: readonly string[];
  /** Of this one, without endings. */
  readonly files: readonly string[];
  /** Those whose version counts. */
  readonly libraries: readonly string[];
}

const PROBING: Parts = {
  packages: ['gpu-kernels', 'transformer', 'methods'],
  files: ['probe-setting', 'measure-accuracy', 'development/measure-development'],
  libraries: ['webgpu', '@sparticuz/chromium'],
};
const SCORING: Parts = {
  packages: ['metrics'],
  files: ['scores', 'noise-floor', 'training-attention/agreement', 'training-attention/measure'],
  libraries: [],
};

/** Reads a file's text: `readFileSync`, but for tests. */
type ReadText = (path: string) => string;
const readText: ReadText = (path) => readFileSync(path, 'utf8');

/**
 * Digests of the text of kernels, decoder and learners (`code`) and of metrics (`scores`) as they are installed. Parts of
 * every record's key, so that a record is not taken for that of other code. Comments count too: to recompute is safe, to
 * misread is not.
 */
export function codeDigests(read = readText): { readonly code: string; readonly scores: string } {
  return { code: digestOf(PROBING, read), scores: digestOf(SCORING, read) };
}

function digestOf({ packages, files, libraries }: Parts, read: ReadText): string {
  const hash = createHash('sha256');
  const add = (name: string, path: string): void => void hash.update(`${name}\0`).update(read(path));
  for (const name of packages) {
    const entry = fileURLToPath(import.meta.resolve(`@icl-gd/${name}`));
    for (const file of sources(dirname(entry)))
      add(`${name}/${file.split(sep).join('/')}`, join(dirname(entry), file));
    for (const library of libraries) hash.update(`${library} ${versionOf(library, entry, read)}\0`);
  }
  for (const file of files) add(file, fileURLToPath(moduleBeside(import.meta.url, `./${file}`)));
  return hash.digest('hex').slice(0, 32);
}

/** Sources are TypeScript in the repository and JavaScript where they were built. */
function sources(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.test|\.d)\.[jt]s$/.test(file) && !file.split(sep).includes('testing'))
    .toSorted();
}

/**
 * Of a library as a package sees it, else as this one does, which has those that are optional there; empty where
 * neither has it.
 */
function versionOf(library: string, from: string, read: ReadText): string {
  const folders = [from, import.meta.url].flatMap(
    (place) => createRequire(place).resolve.paths(library) ?? [],
  );
  for (const folder of folders) {
    try {
      const manifest = read(join(folder, library, 'package.json'));
      return (JSON.parse(manifest) as { version: string }).version;
    } catch {
      // Not in this folder.
    }
  }
  return '';
}
