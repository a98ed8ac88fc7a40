import { constants } from 'node:fs';
import { Buffer } from 'node:buffer';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

/** One step that changes what is on the disk. */
export interface FileStep {
  /** `write`, `rename`, …: the function's name. */
  readonly operation: string;
  /** What it is about; of a rename its target. */
  readonly path: string;
}

/** What happens at a step: nothing, the operating system's error of that code, or that the process dies there. */
export type FileFault = { readonly code: string } | 'die' | undefined;

/** Decides at each step, counted from 0. */
type Decide = (index: number, step: FileStep) => FileFault;

/** The functions that change the disk, with the place of the path among their arguments. */
const OPERATIONS = {
  ...{ appendFile: 0, copyFile: 1, link: 1, mkdir: 0, mkdtemp: 0, rename: 1 },
  ...{ rm: 0, rmdir: 0, symlink: 1, truncate: 0, unlink: 0, writeFile: 0 },
} as const;
const HANDLE_OPERATIONS = ['appendFile', 'sync', 'write', 'writeFile', 'close'] as const;

type AnyFunction = (...args: never[]) => unknown;
type Functions = Record<string, AnyFunction>;

/**
 * Puts a layer before `node:fs/promises` that counts the steps at which files below a folder are changed, and lets them fail.
 * A write that fails has written half. After a step at which the process dies no later one is done either, whatever the
 * program does about it.
 * @param exit called where the process dies; without it everything from there on fails with EIO
 * @returns what puts things back
 */
export function injectFileFaults(root: string, decide: Decide, exit?: () => unknown): () => void {
  const below = resolve(root);
  const originals = new Map<string, AnyFunction>();
  const functions = promises as unknown as Functions;
  let next = 0;
  let dead = false;
  const isInside = (path: unknown): path is string =>
    typeof path === 'string' && (resolve(path) === below || resolve(path).startsWith(below + sep));

  /** Undefined where the step goes on; throws where it fails. */
  const at = async (operation: string, path: string, half?: () => Promise<unknown>): Promise<void> => {
    const fault = dead ? 'die' : decide(next++, { operation, path });
    if (fault === undefined) return;
    if (!dead) await half?.();
    if (fault === 'die') {
      dead = true;
      exit?.();
    }
    const code = fault === 'die' ? 'EIO' : fault.code;
    throw Object.assign(new Error(`${code}: injected, ${operation} '${path}'`), {
      ...{ code, errno: -1, syscall: operation, path },
    });
  };

  for (const [name, place] of Object.entries(OPERATIONS)) {
    const original = functions[name] as AnyFunction;
    originals.set(name, original);
    functions[name] = async (...args: never[]): Promise<unknown> => {
      const path: unknown = args[place];
      if (isInside(path)) await at(name, path);
      return original(...args);
    };
  }
  const open = functions['open'] as AnyFunction;
  originals.set('open', open);
  functions['open'] = (async (path: unknown, flags: unknown = 'r', ...rest: never[]) => {
    const call = open as (...args: unknown[]) => Promise<FileHandle>;
    if (!isInside(path) || isReading(flags)) return call(path, flags, ...rest);
    await at('open', path);
    return watched(await call(path, flags, ...rest), path, at);
  }) as AnyFunction;
  syncBuiltinESMExports();
  return () => {
    for (const [name, original] of originals) functions[name] = original;
    syncBuiltinESMExports();
  };
}

/** A handle whose writes are steps. A file that cannot be closed is closed all the same. */
function watched(
  handle: FileHandle,
  path: string,
  at: (operation: string, path: string, half?: () => Promise<unknown>) => Promise<void>,
): FileHandle {
  const own = handle as unknown as Functions;
  for (const name of HANDLE_OPERATIONS) {
    const original = (own[name] as AnyFunction).bind(handle) as (...args: unknown[]) => Promise<unknown>;
    own[name] = async (...args: unknown[]): Promise<unknown> => {
      const half = (): Promise<unknown> => original(halfOf(args[0]));
      try {
        await at(name, path, name === 'close' || name === 'sync' ? undefined : half);
      } catch (error) {
        if (name === 'close') await original();
        throw error;
      }
      return original(...args);
    };
  }
  return handle;
}

function halfOf(content: unknown): Uint8Array {
  const bytes = typeof content === 'string' ? Buffer.from(content) : (content as Uint8Array);
  return bytes.subarray(0, bytes.length >> 1);
}

/** Whether a file is opened to be read alone. */
function isReading(flags: unknown): boolean {
  const { O_WRONLY, O_RDWR } = constants;
  return flags === 'r' || (typeof flags === 'number' && (flags & (O_WRONLY | O_RDWR)) === 0);
}
