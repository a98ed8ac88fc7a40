import { access, readFile, stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { REASONS, hasCode, isSystemError } from './storage-error.ts';
import { decodeText } from '../source/opened-file.ts';

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
