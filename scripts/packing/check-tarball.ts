import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, UNBUILT, pathsOf } from './manifest.ts';
import { dependenciesOf, readManifest } from './packages.ts';
import { brokenMaps } from './source-maps.ts';

/** Fields that only this repository understands. */
const UNWANTED = ['scripts', 'devDependencies', 'private', 'workspaces'];

/**
 * What is wrong with an unpacked tarball, a line each: paths that lead nowhere, files that only this repository needs,
 * declarations that name sources, maps without sources, versions out of step.
 */
export function faultsOf(folder: string): string[] {
  const manifest = readManifest(folder);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    );
  return [
    ...manifestFaults(folder, manifest),
    ...['LICENSE', 'README.md'].filter((name) => !files.includes(name)).map((name) => `${name} is missing`),
    ...files
      .filter((file) => UNBUILT.test(file) || file.endsWith('.tsbuildinfo'))
      .map((file) => `${file} is for this repository alone`),
    ...files
      .filter((file) => /^dist\/.*(\.d\.ts|\.js)$/.test(file))
      .flatMap((file) => moduleFaults(file, readFileSync(join(folder, file), 'utf8'))),
    ...files.filter((file) => file.endsWith('.map')).flatMap((file) => brokenMaps(join(folder, file))),
  ].map((fault) => `${manifest.name}: ${fault}`);
}

function manifestFaults(folder: string, manifest: Manifest): string[] {
  const { bin = {} } = manifest as { bin?: Readonly<Record<string, string>> };
  const targets = [manifest.exports, manifest.imports ?? {}, bin]
    .flatMap(pathsOf)
    .filter((path) => path.startsWith('./'));
  return [
    ...UNWANTED.filter((field) => field in manifest).map((field) => `package.json has ${field}`),
    ...['license', 'engines', 'files', 'description', 'sideEffects']
      .filter((field) => !(field in manifest))
      .map((field) => `package.json has no ${field}`),
    ...targets
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
      .map((path) => `package.json leads to the source ${path}`),
    ...targets
      .filter((path) => !leadsSomewhere(folder, path))
      .map((path) => `package.json leads to ${path}, which is missing`),
    ...Object.entries(dependenciesOf(manifest))
      .filter(([name, range]) => name.startsWith('@icl-gd/') && range !== manifest.version)
      .map(([name, range]) => `depends on ${name} ${range}, not ${manifest.version}`),
    ...Object.entries(dependenciesOf(manifest))
      .filter(([, range]) => /^(file|link|workspace):/.test(range))
      .map(([name, range]) => `depends on ${name} at ${range}`),
  ];
}

/** A pattern leads somewhere if its folder has a file. */
function leadsSomewhere(folder: string, path: string): boolean {
  const [start = '', rest] = path.split('*');
  if (rest === undefined) return existsSync(join(folder, path));
  const place = join(folder, start.slice(0, start.lastIndexOf('/')));
  return existsSync(place) && readdirSync(place).some((name) => name.endsWith(rest));
}

function moduleFaults(file: string, text: string): string[] {
  const named = text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g);
  return [
    ...[...named].filter(([, path]) => !path?.endsWith('.js')).map(([, path]) => `${file} imports ${path}`),
    ...(/\bnew URL\(\s*['"][^'"]*\.ts['"]/.test(text) ? [`${file} opens a source by URL`] : []),
  ];
}
