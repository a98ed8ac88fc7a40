import { constants } from 'node:fs';
import { type FileHandle, copyFile, link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { insideFolder } from './folders.ts';
import { hasCode, storageError } from './storage-error.ts';
import { release, temporaryName } from './temporary.ts';

/** A random name that is taken has been planted; one attempt more is enough. */
const NAMES = 3;

/**
 * A file that appears under its name when it is complete and replaces what was there in one step: no reader ever sees half
 * of it, and several processes may write the same file at once. Until then it stands beside its place under a name of its
 * own, which no link can be waiting at. All methods throw a UserError of code `storage` if the file cannot be written.
 */
export class WholeFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #open = true;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** Begins a file; its folder is made if there is none. */
  static async create(path: string): Promise<WholeFile> {
    const folder = dirname(path);
    try {
      return await underOwnName(folder, async (temporary) => {
        const handle = await insideFolder(folder, () => open(temporary, 'wx'));
        return new WholeFile(path, temporary, handle);
      });
    } catch (error) {
      throw storageError(path, error);
    }
  }

  /** Adds all of it, or throws: a single write on a full disk may write a part and report nothing. */
  async append(content: string | Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(content);
    } catch (error) {
      throw storageError(this.#path, error);
    }
  }

  /**
   * Gives the file its name. If that fails nothing of it is left.
   * @param sync whether it has to be on the disk before, for what is too large to be checked whenever it is read
   */
  async publish({ sync = false } = {}): Promise<void> {
    try {
      if (sync) await this.#handle.sync();
      await this.#close();
      await rename(this.#temporary, this.#path);
      release(this.#temporary);
    } catch (error) {
      await this.abandon();
      throw storageError(this.#path, error);
    }
  }

  /** Leaves nothing of it behind; what stands under its name stays. Does not throw. */
  async abandon(): Promise<void> {
    await this.#close().catch(() => {});
    await discard(this.#temporary);
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}

/**
 * Writes a file in one step; see {@link WholeFile}.
 * @param options of {@link WholeFile.publish}
 * @throws UserError of code `storage`
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: { readonly sync?: boolean } = {},
): Promise<void> {
  const file = await WholeFile.create(path);
  try {
    await file.append(content);
  } catch (error) {
    await file.abandon();
    throw error;
  }
  await file.publish(options);
}

/**
 * Gives a file a second name in one step, without a copy where the file system can do that.
 * @throws UserError of code `storage`
 */
export async function linkWhole(source: string, path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await underOwnName(folder, async (temporary) => {
      await insideFolder(folder, () => link(source, temporary)).catch(async (error: unknown) => {
        if (hasCode(error, 'EEXIST')) throw error;
        await copyFile(source, temporary, constants.COPYFILE_EXCL);
      });
      await rename(temporary, path);
      // Renaming to another name of the same file does nothing.
      await discard(temporary);
    });
  } catch (error) {
    throw storageError(path, error);
  }
}

/** Calls `work` with a name in the folder; what has come to stand there is removed if it fails. */
async function underOwnName<T>(folder: string, work: (temporary: string) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const temporary = temporaryName(folder);
    try {
      return await work(temporary);
    } catch (error) {
      const taken = hasCode(error, 'EEXIST') && attempt < NAMES;
      if (hasCode(error, 'EEXIST')) release(temporary);
      else await discard(temporary);
      if (!taken) throw error;
    }
  }
}

async function discard(temporary: string): Promise<void> {
  await rm(temporary, { force: true }).catch(() => {});
  release(temporary);
}
