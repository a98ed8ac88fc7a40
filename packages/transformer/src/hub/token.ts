import { closeSync, openSync, readSync } from 'node:fs';
import { fileError } from '../files/reading.ts';
import { UserError } from '../errors.ts';
import type { Environment } from './environment.ts';

/** Bytes; tokens of the hub have 37. */
const LONGEST_FILE = 16_384;

/** A token and where it was found. */
interface FoundToken {
  readonly token: string;
  readonly source: string;
}

/**
 * HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else what `hf auth login` left in a file.
 * @throws UserError if the file cannot be read, or what is found cannot be a token; it never holds the token
 */
export function findToken(env: Environment, file: string): FoundToken | undefined {
  const name = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'].find((variable) => env[variable]);
  const found =
    name === undefined
      ? { text: storedToken(file), source: `the token's file ${file}` }
      : { text: env[name] ?? '', source: name };
  const token = found.text.trim();
  if (token === '') return undefined;
  if (/[\r\n]/.test(token))
    throw new UserError(
      `${found.source} has more than one line; it must hold one token of the hub, nothing else`,
    );
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UserError(
      `${found.source} has a space or another character that no token of the hub has; it must hold one token, nothing else`,
    );
  return { token, source: found.source };
}

function storedToken(path: string): string {
  const bytes = Buffer.alloc(LONGEST_FILE + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (let read = -1; read !== 0 && length <= LONGEST_FILE; length += read)
        read = readSync(file, bytes, length, bytes.length - length, null);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw fileError(path, "the file with the hub's token", error);
  }
  if (length > LONGEST_FILE)
    throw new UserError(`${path}: the file with the hub's token is larger than any token; see HF_TOKEN_PATH`);
  return bytes.toString('utf8', 0, length);
}
