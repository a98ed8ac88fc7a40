import { constants } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where files that will be executed may lie. */
export interface Place {
  /** Is there already, and is as trustworthy as the caller says. */
  readonly base: string;
  /** Folders below it, one inside the other; made for this user alone where they are missing. */
  readonly path: readonly string[];
}

const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY_ANYTHING = 0o077;
const STICKY = 0o1000;
/** What Linux shows for owners that a container does not know. */
const UNMAPPED_USER = 65534;

/** The user whose files this process makes; -1 where there are no users (Windows), so that nothing found is trusted. */
function currentUser(): number {
  return process.geteuid?.() ?? -1;
}

/**
 * Has exactly these files in a folder that no other user can change: one that is there from an earlier process, if it
 * passes every check, else a new one. Whoever can write to a folder could change a file after it was read and before it is
 * loaded, so owner and mode of the folders are checked first and the contents, byte by byte, after that.
 *
 * @param user id of the user who must own everything
 * @returns the folder, or undefined if this place cannot be used: something else is there, or nothing can be written
 */
export async function keepFiles(
  files: ReadonlyMap<string, Uint8Array>,
  { base, path }: Place,
  user = currentUser(),
): Promise<string | undefined> {
  let folder = base;
  try {
    for (const [depth, name] of path.slice(0, -1).entries()) {
      folder = join(folder, name);
      await makeFolder(folder);
      // The outermost may be one that other programs share.
      if (!(await isOwn(folder, user, depth === 0 ? OTHERS_MAY_WRITE : OTHERS_MAY_ANYTHING)))
        return undefined;
    }
    folder = join(folder, path.at(-1) ?? '');
    if (!(await isThere(folder))) await publish(files, folder);
    return (await holds(folder, files, user)) ? folder : undefined;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/**
 * Puts the files into a new folder with a name that nobody can foresee. The caller removes it.
 * @returns undefined if another user could put another folder in its place
 */
export async function freshFolder(
  files: ReadonlyMap<string, Uint8Array>,
  parent: string,
  user = currentUser(),
): Promise<string | undefined> {
  if (!(await keepsEntries(parent))) return undefined;
  const folder = await mkdtemp(join(parent, 'icl-gd-'));
  await writeFiles(files, folder);
  if (await holds(folder, files, user)) return folder;
  await rm(folder, { recursive: true, force: true });
  return undefined;
}

/**
 * Whether other users cannot replace what this user puts into a folder: neither it nor a folder above it is theirs, and
 * those that they may write to are sticky, as the system's temporary directory is.
 */
export async function keepsEntries(folder: string): Promise<boolean> {
  const trusted = [0, currentUser(), UNMAPPED_USER];
  for (let path = await realpath(folder); ; path = dirname(path)) {
    const { uid, mode } = await lstat(path);
    if (!trusted.includes(uid)) return false;
    if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Whether it is a folder itself, no link to one, and the user's, with none of these rights. */
async function isOwn(folder: string, user: number, forbidden: number): Promise<boolean> {
  const found = await lstat(folder);
  return found.isDirectory() && found.uid === user && (found.mode & forbidden) === 0;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function publish(files: ReadonlyMap<string, Uint8Array>, folder: string): Promise<void> {
  const staging = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  try {
    await writeFiles(files, staging);
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Another process was first. Its copy is checked as any other.
    if (!(await isThere(folder))) throw error;
  }
}

async function writeFiles(files: ReadonlyMap<string, Uint8Array>, folder: string): Promise<void> {
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes, { flag: 'wx', mode: 0o700 });
}

async function holds(folder: string, files: ReadonlyMap<string, Uint8Array>, user: number): Promise<boolean> {
  if (!(await isOwn(folder, user, OTHERS_MAY_ANYTHING))) return false;
  for (const [name, bytes] of files) if (!(await isSame(join(folder, name), bytes, user))) return false;
  return true;
}

/** Whether it is a file, no link to one, which only the user can write to, with these contents. */
async function isSame(path: string, bytes: Uint8Array, user: number): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    // Non-blocking, as a planted pipe would never open.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode, size } = await handle.stat();
    const regular = (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!regular || uid !== user || (mode & OTHERS_MAY_WRITE) !== 0 || size !== bytes.length) return false;
    return (await handle.readFile()).equals(bytes);
  } finally {
    await handle?.close();
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
