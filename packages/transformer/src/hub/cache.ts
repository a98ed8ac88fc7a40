import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  access,
  copyFile,
  lstat,
  mkdir,
  readFile,
  readlink,
  realpath,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileExists } from '../files/reading.ts';
import { UserError } from '../errors.ts';
import type { RepositoryType } from './model-id.ts';
import { isCommit } from './repository.ts';

const CHUNK_BYTES = 1 << 22;

/** A repository's folder in the cache that is shared with Python: blobs/<hash>, snapshots/<commit>/<file>, refs/<revision>. */
export class RepositoryCache {
  readonly folder: string;

  constructor(cache: string, id: string, type: RepositoryType = 'model') {
    this.folder = join(cache, `${type}s--${id.replaceAll('/', '--')}`);
  }

  get blobs(): string {
    return join(this.folder, 'blobs');
  }

  blob(hash: string): string {
    return join(this.blobs, hash);
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
    if (isCommit(revision) || (await this.commitOf(revision)) === commit) return;
    const ref = join(this.folder, 'refs', revision);
    await this.makeFolder(dirname(ref));
    const temporary = `${ref}.${randomUUID()}`;
    await writeFile(temporary, commit);
    await rename(temporary, ref);
  }

  /**
   * Has a folder of the repository, to write into. Links are followed to the repository's own folder alone, and there only
   * those of this user or root: somebody else may have made another, so that files elsewhere are overwritten.
   *
   * @throws UserError for any other link, the system's error where nothing can be written
   */
  async makeFolder(folder: string): Promise<void> {
    await mkdir(dirname(this.folder), { recursive: true });
    await makeUnlinked(this.folder, [0, process.geteuid?.() ?? 0]);
    let path = this.folder;
    for (const part of relative(this.folder, folder).split(sep))
      await makeUnlinked((path = join(path, part)));
    await access(folder, constants.W_OK);
  }

  /** Keeps the names of all files of a commit: without them, what is in the cache could be taken for all that there is. */
  async rememberListing(commit: string, files: readonly string[]): Promise<void> {
    const path = this.#listing(commit);
    if (await fileExists(path)) return;
    await this.makeFolder(dirname(path));
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
    await this.makeFolder(dirname(path));
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
    if (!(await lstat(path)).isSymbolicLink()) return true;
    // The blob's own name: it may itself be a link to where Python keeps the contents of several repositories.
    const blob = await readlink(path);
    return hasHash(await realpath(path), basename(blob));
  }
}

/** Makes a folder unless it is there. @param owners of links that may stand in its place */
async function makeUnlinked(folder: string, owners: readonly number[] = []): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = await lstat(folder);
  if (found.isDirectory() || (found.isSymbolicLink() && owners.includes(found.uid))) return;
  throw new UserError(
    found.isSymbolicLink()
      ? `${folder} is a symbolic link: nothing is written through it; remove it, or set HF_HUB_CACHE to where the files shall lie`
      : `${folder} is not a folder, but must be one in the cache of the hub; remove it`,
  );
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
