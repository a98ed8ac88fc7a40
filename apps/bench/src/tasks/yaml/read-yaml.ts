import { readFileSync } from 'node:fs';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { YAMLParseError, parse } from 'yaml';

/**
 * The content of a YAML file; JSON is YAML too.
 *
 * @param what what the file is, for the error, as "the task file"
 * @throws UserError naming the file and line
 */
export function readYaml(path: string, what: string): unknown {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      `${path}: ${what} ${missing ? 'does not exist' : `cannot be read (${(error as Error).message})`}`,
    );
  }
  try {
    // No aliases: with them, a small file can expand to any size.
    return parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), {
      maxAliasCount: 0,
      logLevel: 'error',
    });
  } catch (error) {
    const reason =
      error instanceof YAMLParseError ? (error.message.split('\n')[0] as string) : (error as Error).message;
    throw new UserError(`${path}: ${what} is not YAML or JSON: ${reason.replace(/:$/, '')}`);
  }
}
