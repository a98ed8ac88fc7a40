import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** `.icl-gd-<where it runs>-<process>-<random>.tmp` */
const OWN = /^\.icl-gd-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.tmp$/;
/** What earlier versions called theirs; whose they are does not show. */
const OLDER =
  /\.(?:csv|html|json|md|svg|txt|safetensors)\.(?:partial|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp)$/;
/** After this time a file whose writer cannot be asked after is nobody's. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Names that this process is writing under. */
const inUse = new Set<string>();
let place: string | undefined;

/** Digest of what process ids are unique within: machine, its start, and process namespace (containers have their own). */
function here(): string {
  place ??= createHash('sha256')
    .update([hostname(), attempt(bootId), attempt(() => readlinkSync('/proc/self/ns/pid'))].join('\0'))
    .digest('hex')
    .slice(0, 8);
  return place;
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** A name that nobody else has, in the folder of what is to be written. {@link release} it when it is gone. */
export function temporaryName(folder: string): string {
  const name = `.icl-gd-${here()}-${process.pid}-${randomBytes(8).toString('hex')}.tmp`;
  inUse.add(name);
  return join(folder, name);
}

export function release(path: string): void {
  inUse.delete(path.slice(-nameLength()));
}

/** All names of one process are equally long. */
const nameLength = (): number => `.icl-gd--${process.pid}-.tmp`.length + 8 + 16;

/** Whether a file's name is one under which something is written before it has its own. */
export function isTemporary(name: string): boolean {
  return OWN.test(name) || OLDER.test(name);
}

/**
 * Removes from a folder, and from those of its subfolders that are named, with all below them, what writers that have died
 * left unfinished. What a living process writes, on this machine or on another, stays.
 */
export async function sweepTemporaries(folder: string, below: readonly string[] = []): Promise<void> {
  await sweep(folder, new Set(below));
}

async function sweep(folder: string, below: ReadonlySet<string> | 'all'): Promise<void> {
  // What cannot be listed or removed is in nobody's way: the run itself will say what it cannot write.
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (isTemporary(entry.name)) {
      if (await isAbandoned(entry.name, path))
        await (entry.isDirectory() ? rmdir(path) : unlink(path)).catch(() => {});
    } else if (entry.isDirectory() && (below === 'all' || below.has(entry.name))) await sweep(path, 'all');
  }
}

async function isAbandoned(name: string, path: string): Promise<boolean> {
  const [, where, id] = OWN.exec(name) ?? [];
  if (where === here()) return Number(id) === process.pid ? !inUse.has(name) : !isAlive(Number(id));
  const written = await lstat(path).catch(() => undefined);
  return written !== undefined && Date.now() - written.mtimeMs > ABANDONED_MS;
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
