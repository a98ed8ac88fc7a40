import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  copyFile,
  lstat,
  mkdir,
  readFile,
  realpath,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileExists } from '../checkpoint/files.ts';
import type { RepositoryType } from './model-id.ts';
import { isCommit } from './repository.ts';

const CHUNK_BYTES = 1 << 22;

/** A repository's folder in the cache that is shared with Python: blobs/<hash>, snapshots/<commit>/<file>, refs/<revision>. */
export class RepositoryCache {
  readonly folder: string;

  constructor(cache: string, id: string, type: RepositoryType = 'model') {
    this.folder = join(cache, `${type}s--${id.replaceAll('/', '--')}`);
  }

  blob(hash: string): string {
    return join(this.folder, 'blobs', hash);
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** The commit that a revision stood for when it was last fetched. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const ref = join(this.folder, 'refs', revision);
    if (!(await fileExists(ref)) || !(await stat(ref)).isFile()) return undefined;
    const commit = (await readFile(ref, 'utf8')).trim();
    return isCommit(commit) ? commit : undefined;
  }

  async remember(revision: string, commit: string): Promise<void> {
    if (isCommit(revision)) return;
    const ref = join(this.folder, 'refs', revision);
    await mkdir(dirname(ref), { recursive: true });
    const temporary = `${ref}.${randomUUID()}`;
    await writeFile(temporary, commit);
    await rename(temporary, ref);
  }

  /** Keeps the names of all files of a commit: without them, what is in the cache could be taken for all that there is. */
  async rememberListing(commit: string, files: readonly string[]): Promise<void> {
    const path = this.#listing(commit);
    if (await fileExists(path)) return;
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID()}`;
    await writeFile(temporary, JSON.stringify(files));
    await rename(temporary, path);
  }

  /** The names of all files of a commit, if they were kept; Python's library keeps none. */
  async listing(commit: string): Promise<readonly string[] | undefined> {
    try {
      const files: unknown = JSON.parse(await readFile(this.#listing(commit), 'utf8'));
      return Array.isArray(files) && files.every((file) => typeof file === 'string') ? files : undefined;
    } catch {
      return undefined;
    }
  }

  #listing(commit: string): string {
    return join(this.folder, 'listings', `${commit}.json`);
  }

  /** Puts a blob into a snapshot under its file name, as a relative link or, where the system allows none, as a copy. */
  async link(hash: string, commit: string, file: string): Promise<void> {
    const path = join(this.snapshot(commit), file);
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID()}`;
    try {
      await symlink(relative(dirname(path), this.blob(hash)), temporary);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EPERM' && code !== 'ENOTSUP') throw error;
      await copyFile(this.blob(hash), temporary);
    }
    await rename(temporary, path);
  }

  /** Whether a snapshot's file has the contents that its blob's name promises. A copy, which has no such name, passes. */
  async isIntact(commit: string, file: string): Promise<boolean> {
    const path = join(this.snapshot(commit), file);
    const target = await realpath(path);
    return (await lstat(path)).isSymbolicLink() ? hasHash(target, basename(target)) : true;
  }
}

/** Whether a file is there and has this SHA-256 (64 digits) or SHA-1 as a git blob (40 digits). Other names promise nothing. */
export async function hasHash(path: string, expected: string): Promise<boolean> {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(expected)) return fileExists(path);
  const hash = createHash(expected.length === 64 ? 'sha256' : 'sha1');
  try {
    if (expected.length === 40) hash.update(`blob ${(await stat(path)).size}\0`);
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) hash.update(chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  return hash.digest('hex') === expected;
}
