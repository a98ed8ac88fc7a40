import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { REASONS, isSystemError } from '../files/storage-error.ts';
import { OpenedFile } from './opened-file.ts';
import { type ModelSource, type SourceFile, SourceFileError } from './source.ts';

/** Of one request to the operating system, which takes no more than 2 GB. */
const MOST_BYTES = 1 << 30;
/** A pipe without a writer must not be waited for. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Parts of so many bytes follow each other. */
const HELD_BYTES = 1 << 16;

/** A file that is open for as long as somebody reads it. */
interface HeldFile {
  readonly opened: Promise<{ readonly handle: FileHandle; readonly bytes: number }>;
  readers: number;
}

/** What the operating system says of a file, and what tells it from another one. */
interface Status {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/**
 * The files of a model directory. Each is open only while it is read, so that any number of them needs few handles; one
 * that has taken another's place in the meantime is refused.
 * @param options.name what the model is called; the directory's name if absent
 */
export function folderSource(directory: string, options: { readonly name?: string } = {}): ModelSource {
  return new FolderSource(directory, options.name ?? basename(resolve(directory)));
}

/**
 * One file, called by its path as it is given.
 * @param what the file's part in plain words, for errors
 * @throws UserError if there is no such file
 */
export function openFile(path: string, what: string): Promise<OpenedFile> {
  const folder = new FolderSource(dirname(path), basename(path));
  folder.locate = (file) => (file === basename(path) ? path : join(dirname(path), file));
  return OpenedFile.open(folder, basename(path), what);
}

class FolderSource implements ModelSource {
  readonly name: string;
  readonly #directory: string;
  readonly #held = new Map<string, HeldFile>();
  /** Number of a file's volume, and its own, as they were first seen. */
  readonly #identities = new Map<string, string>();

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.name = name;
  }

  locate(file: string): string {
    return file === '' ? this.#directory : join(this.#directory, file);
  }

  async list(): Promise<SourceFile[]> {
    let names: string[];
    try {
      names = await readdir(this.#directory);
    } catch (error) {
      throw asSourceError(this.#directory, error, 'the model directory');
    }
    const files: SourceFile[] = [];
    for (const name of names) {
      const found = await stat(this.locate(name)).catch(() => undefined);
      if (found?.isFile()) files.push({ name, bytes: found.size });
    }
    return files;
  }

  async stat(file: string): Promise<SourceFile | undefined> {
    const path = this.locate(file);
    let found: Status;
    try {
      found = await stat(path);
    } catch (error) {
      if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
      throw asSourceError(path, error);
    }
    this.#check(file, found);
    return { name: file, bytes: found.size };
  }

  async read(
    file: string,
    offset: number,
    length: number,
    options: { readonly into?: Uint8Array<ArrayBuffer> } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const held = this.#acquire(file);
    try {
      const { handle, bytes } = await held.opened;
      const wanted = Math.max(0, Math.min(length, bytes - offset));
      const target = options.into?.subarray(0, wanted) ?? new Uint8Array(wanted);
      return await fill(handle, target, offset);
    } catch (error) {
      throw asSourceError(this.locate(file), error);
    } finally {
      held.readers--;
      // The next part of a large tensor is asked for at once: the file stays open for it.
      if (length < HELD_BYTES) await this.#close(file, held);
      else setImmediate(() => void this.#close(file, held));
    }
  }

  #acquire(file: string): HeldFile {
    let held = this.#held.get(file);
    if (!held) {
      held = { opened: this.#open(file), readers: 0 };
      this.#held.set(file, held);
    }
    held.readers++;
    return held;
  }

  async #open(file: string): Promise<{ handle: FileHandle; bytes: number }> {
    const handle = await open(this.locate(file), FLAGS);
    try {
      const found = await handle.stat();
      this.#check(file, found);
      return { handle, bytes: found.size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Closes a file that nobody reads. */
  async #close(file: string, held: HeldFile): Promise<void> {
    if (held.readers > 0 || this.#held.get(file) !== held) return;
    this.#held.delete(file);
    // What could not be opened has been said to whoever asked.
    const opened = await held.opened.catch(() => undefined);
    await opened?.handle.close();
  }

  /** @throws UserError for what is no file, or another one than before */
  #check(file: string, found: Status): void {
    const path = this.locate(file);
    if (found.isDirectory()) throw new SourceFileError(path, REASONS['EISDIR'] as string);
    // A pipe or a device may never end.
    if (!found.isFile()) throw new SourceFileError(path, 'is no regular file');
    const identity = `${found.dev} ${found.ino}`;
    const known = this.#identities.get(file);
    if (known === undefined) this.#identities.set(file, identity);
    else if (known !== identity)
      throw new UserError(`${path}: another file has taken its place since it was opened; run again`);
  }
}

/** Reads until the target is full or the file ends. */
async function fill(
  handle: FileHandle,
  target: Uint8Array<ArrayBuffer>,
  position: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let done = 0;
  while (done < target.length) {
    const length = Math.min(target.length - done, MOST_BYTES);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return target.subarray(0, done);
}

/** The operating system's refusal as an error that names the file; any other error is handed back as it is. */
function asSourceError(path: string, error: unknown, what?: string): unknown {
  if (!isSystemError(error)) return error;
  return new SourceFileError(path, REASONS[error.code] ?? `cannot be read or written (${error.code})`, what);
}
