import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tarball } from '../../scripts/packing/pack-all.ts';
import { runProgram } from './programs.ts';

/** Bytes that `npm i @icl-gd/metrics` may put on a disk. */
const METRICS_LIMIT = 1_000_000;
const BINARY = /\.(node|so|dylib|dll|exe|wasm)(\.|$)/;

/** An empty project with the tarballs, and packages of the registry, installed by npm. */
export async function install(
  folder: string,
  tarballs: readonly Tarball[],
  others: readonly string[] = [],
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await npm(folder, ['install', ...tarballs.map(({ path }) => path), ...others]);
}

/** Path of a Node of a major version, from the npm package `node`. */
export async function installNode(folder: string, version: string): Promise<string> {
  const own = join(folder, version);
  mkdirSync(own, { recursive: true });
  // Its script fetches the binary.
  writeFileSync(join(own, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }\n');
  await npm(own, ['install', `node@${version}`]);
  return join(own, 'node_modules/node/bin/node');
}

/** What installing the metrics alone brings, and what is wrong with that. */
export async function weighMetrics(folder: string, tarballs: readonly Tarball[]): Promise<[string, string]> {
  await install(
    folder,
    tarballs.filter(({ name }) => name === '@icl-gd/metrics'),
  );
  const modules = join(folder, 'node_modules');
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
  const bytes = files.reduce((sum, file) => {
    const found = statSync(join(modules, file));
    return sum + (found.isFile() ? found.size : 0);
  }, 0);
  const native = files.filter((file) => BINARY.test(file));
  const heavy = bytes > METRICS_LIMIT ? [`more than ${METRICS_LIMIT} bytes`] : [];
  return [`npm install @icl-gd/metrics brings ${bytes} bytes`, [...heavy, ...native].join('\n')];
}

/** @throws Error with what npm says if it fails */
export async function npm(folder: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram(['npm', ...args, '--no-audit', '--no-fund'], { folder });
  if (code !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`);
}
