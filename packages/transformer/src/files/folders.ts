import { existsSync } from 'node:fs';
import { lstat, mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { hasCode, storageError } from './storage-error.ts';
import { release, temporaryName } from './temporary.ts';

/** How often a folder that another process removes in the meantime is made again. */
const ATTEMPTS = 20;

/**
 * Tries whether files can be written to a folder, and leaves no trace (an empty folder at most, where several do so at once).
 * @throws the operating system's error if not
 */
export async function tryWriting(folder: string): Promise<void> {
  const created: string[] = [];
  const probe = temporaryName(resolve(folder));
  try {
    await again(async () => {
      await makeLevels(folder, created);
      await mkdir(probe);
    });
    await rmdir(probe);
  } finally {
    release(probe);
    // What another process has begun to use stays.
    for (const level of created.toReversed()) await rmdir(level).catch(() => {});
  }
}

/**
 * Removes a file, if it is there.
 * @throws UserError of code `storage`
 */
export async function removeFile(path: string): Promise<void> {
  await refused(path, () => rm(path, { force: true }));
}

/**
 * Removes a folder with all that it holds, if it is there.
 * @throws UserError of code `storage`
 */
export async function removeFolder(path: string): Promise<void> {
  await refused(path, () => rm(path, { recursive: true, force: true }));
}

/** Removes a folder if nothing is in it; any other stays as it is. */
export async function removeEmptyFolder(path: string): Promise<void> {
  await rmdir(path).catch(() => {});
}

/**
 * Does something for which a folder has to be there, and makes it, with those above it, as often as it is not: several
 * processes may make it at once, and others remove it as long as it is empty.
 */
export async function insideFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return again(async () => {
    await makeLevels(folder, []);
    return work();
  });
}

async function refused(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw storageError(path, error);
  }
}

/** Repeats what failed because a folder was gone. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'ENOENT')) throw error;
      await new Promise((done) => setTimeout(done, attempt));
    }
  }
}

/** Level by level: Node's recursive mkdir never returns below /proc. */
async function makeLevels(path: string, created: string[]): Promise<void> {
  for (const level of missingLevels(resolve(path))) if (await makeLevel(level)) created.push(level);
}

/** @returns whether it was this process that made it */
async function makeLevel(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST') || (await lstat(path)).isSymbolicLink()) throw error;
    if (!(await stat(path)).isDirectory()) throw error;
    return false;
  }
}

/** Folders on the way to `path` that do not exist yet, outermost first. */
function missingLevels(path: string): string[] {
  const parent = dirname(path);
  return existsSync(path) || parent === path ? [] : [...missingLevels(parent), path];
}
