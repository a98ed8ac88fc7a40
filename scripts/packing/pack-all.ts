import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { buildPackages } from './build-package.ts';
import { type Manifest, packedManifest } from './manifest.ts';
import { ROOT, publishedPackages } from './packages.ts';
import { linkedTo } from './readme-links.ts';

/** A tarball and what npm says of it. */
export interface Tarball {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** Bytes of the tarball, and of what it holds. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/**
 * Builds all packages and packs each into `destination`: what `npm pack` does in its folder, but in a copy, so that no
 * manifest of the repository is touched. `repository` is the address of the code, as registries ask for it; links of
 * READMEs then lead there.
 */
export function packAll(destination: string, repository?: string): Tarball[] {
  const staging = mkdtempSync(join(tmpdir(), 'icl-gd-pack-'));
  mkdirSync(destination, { recursive: true });
  try {
    const packages = publishedPackages();
    buildPackages(packages.map(({ folder }) => folder));
    const folders = packages.map(({ folder, manifest }) => {
      const copy = join(staging, basename(folder));
      for (const name of [...wantedOf(manifest), 'README.md', 'LICENSE'])
        cpSync(join(folder, name), join(copy, name), { recursive: true });
      if (repository !== undefined) {
        const readme = join(copy, 'README.md');
        writeFileSync(readme, linkedTo(repository, relative(ROOT, folder), readFileSync(readme, 'utf8')));
      }
      const extended = repository === undefined ? manifest : withRepository(manifest, repository, folder);
      writeFileSync(join(copy, 'package.json'), `${JSON.stringify(packedManifest(extended), null, 2)}\n`);
      return copy;
    });
    const options = ['--ignore-scripts', '--json', '--pack-destination', destination];
    const answer = npm(['pack', ...folders, ...options], staging);
    const packed: unknown = JSON.parse(answer);
    // A list, or from npm 12 on by name.
    return (Object.values(packed as object) as (Tarball & { filename: string })[]).map((one) => ({
      ...one,
      path: join(destination, one.filename),
    }));
  } finally {
    rmSync(staging, { recursive: true });
  }
}

/** What npm prints; its own warnings go to stderr. */
function npm(args: readonly string[], folder: string): string {
  const shell = process.platform === 'win32';
  return execFileSync('npm', args, {
    ...{ cwd: folder, encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 },
  });
}

/** Files and folders that a tarball is made of; npm leaves out what the entries after `!` name. */
function wantedOf(manifest: Manifest): string[] {
  return (manifest['files'] as string[]).filter((entry) => !entry.startsWith('!'));
}

function withRepository(manifest: Manifest, url: string, folder: string): Manifest {
  const directory = relative(ROOT, folder).replaceAll('\\', '/');
  return { ...manifest, repository: { type: 'git', url, directory } };
}
