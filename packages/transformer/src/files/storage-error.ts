import { UserError } from '../errors.ts';

/** What the operating system's codes mean, after the name of what could not be read or written. */
export const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is not inside a directory',
  EISDIR: 'is a directory, not a file',
  EACCES: 'may not be accessed (permission denied)',
  EPERM: 'may not be accessed (operation not permitted)',
  EROFS: 'lies on a read-only file system',
  ENOSPC: 'does not fit: no space left on the device',
  EDQUOT: 'does not fit: the disk quota is used up',
  EFBIG: 'does not fit: larger than files may be',
  EMFILE: 'cannot be opened: this process has too many open files (`ulimit -n`)',
  ENFILE: 'cannot be opened: the machine has too many open files',
  EIO: 'cannot be read or written: the device reports an error',
  ENAMETOOLONG: 'has too long a name',
  ELOOP: 'is a link that leads nowhere',
};

type SystemError = Error & { readonly code: string };

/** Whether the operating system refused something about a file. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** Whether it is the operating system's error of that code. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isSystemError(error) && codes.includes(error.code);
}

/**
 * The operating system's refusal to read, write or remove a file as a UserError of code `storage`; any other error is handed back
 * as it is.
 */
export function storageError(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const reason = REASONS[error.code] ?? 'cannot be read or written';
  return new UserError(`${path} ${reason} [${error.code}]`, 'storage');
}
