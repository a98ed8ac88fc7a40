import { access, readFile, readdir, stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { REASONS, hasCode, isSystemError } from '../files/storage-error.ts';

/** The operating system's refusal as a UserError that names the file; any other error is handed back as it is. */
export function fileError(path: string, what: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new UserError(
    `${path}: ${what} ${REASONS[error.code] ?? `cannot be read or written (${error.code})`}`,
    hasCode(error, 'ENOENT', 'ENOTDIR') ? 'file-missing' : undefined,
  );
}

/** Whether there is a file or directory of this name. @throws UserError if that may not be asked */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false;
    throw fileError(path, 'file', error);
  }
}

/** What lies in a folder. @throws UserError if it cannot be read */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    throw fileError(path, 'folder', error);
  }
}

/** A relative path that cannot leave the directory, on any operating system. */
export function staysInside(path: string): boolean {
  return (
    !/[\0:]/.test(path) && path.split(/[/\\]/).every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** Decodes UTF-8, dropping a byte-order mark. @throws UserError for bytes that are not UTF-8 */
export function decodeText(bytes: Uint8Array, path: string, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${path}: ${what} is not UTF-8 text; it is damaged or of another kind`);
  }
}

/**
 * Reads a file as UTF-8 text.
 *
 * @param what the file's part in plain words, for the error: "model configuration"
 * @param maxBytes above what any real file of its kind has
 * @throws UserError if the file is missing, unreadable, larger than that, or not UTF-8
 */
export async function readTextFile(path: string, what: string, maxBytes = 2 ** 28): Promise<string> {
  let bytes: Uint8Array;
  try {
    const found = await stat(path);
    const { size } = found;
    // A pipe or a device may never end.
    if (!found.isFile() && !found.isDirectory()) throw new UserError(`${path}: ${what} is no regular file`);
    if (size > maxBytes)
      throw new UserError(`${path}: ${what} has ${size} bytes; at most ${maxBytes} are allowed`);
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(path, what, error);
  }
  return decodeText(bytes, path, what);
}
