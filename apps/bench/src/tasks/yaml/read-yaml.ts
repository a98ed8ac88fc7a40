import { readFileSync, statSync } from 'node:fs';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { YAMLParseError, parse } from 'yaml';
import { cut } from '../../terminal/words.ts';

const LONGEST_REASON = 200;

/** Real task files have some kilobytes; the time that the parser takes grows faster than the file. */
const LARGEST_FILE = 256 << 10;

/**
 * The content of a YAML file; JSON is YAML too.
 *
 * @param what what the file is, for the error, as "the task file"
 * @throws UserError naming the file and line
 */
export function readYaml(path: string, what: string): unknown {
  let bytes: Uint8Array;
  try {
    const { size } = statSync(path);
    if (size > LARGEST_FILE)
      throw new UserError(`${path}: ${what} has ${size} bytes; at most ${LARGEST_FILE} are read`);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      `${path}: ${what} ${missing ? 'does not exist' : `cannot be read (${(error as Error).message})`}`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UserError(`${path}: ${what} is not YAML or JSON: ${(error as Error).message}`);
  }
  // No aliases: with them, a small file can expand to any size.
  return parseYaml(text, `${path}: ${what} is not YAML or JSON`, { aliases: 0 });
}

interface YamlOptions {
  /** Most aliases of one anchor; a text of many nested ones can expand to any size. */
  readonly aliases?: number;
  /** Of keys that are the same the last counts, as in Python; else they are refused. */
  readonly lastOfSame?: boolean;
}

/** @throws UserError that begins with `failure` and has the parser's reason in one line */
export function parseYaml(
  text: string,
  failure: string,
  { aliases = 100, lastOfSame = false }: YamlOptions = {},
): unknown {
  try {
    return parse(text, {
      maxAliasCount: aliases,
      logLevel: 'error',
      uniqueKeys: !lastOfSame,
      prettyErrors: false,
    });
  } catch (error) {
    // A nesting that is deeper than the stack ends in a RangeError.
    const deep = error instanceof RangeError;
    // What the parser says where it meets one and none are allowed.
    const alias = error instanceof ReferenceError && aliases === 0;
    const message = deep
      ? 'it is nested too deeply'
      : alias
        ? 'aliases (*name) are not read; write the value out'
        : (error as Error).message;
    const place = error instanceof YAMLParseError ? placeOf(text, error.pos[0]) : '';
    throw new UserError(`${failure}: ${cut(message.split('\n')[0] as string, LONGEST_REASON)}${place}`);
  }
}

/** The parser's own would be made for every error, each from the start of the text. */
function placeOf(text: string, position: number): string {
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  return ` at line ${line}, column ${position - before.lastIndexOf('\n')}`;
}
