import { UserError } from '@icl-gd/gpu-kernels/errors';
import { cut, listed } from '../listed.ts';
import { decodeLine, splitAtLineFeeds } from './lines.ts';
import type { RowFile } from './rows.ts';

const LONGEST_REASON = 160;
/** The longest text that the JavaScript engine holds is half a gigabyte. */
const LONGEST_ARRAY = 400 << 20;

/**
 * Rows of a JSON file: one JSON value a line, or one array of all rows. The content says which, as in Python's `datasets`.
 *
 * @param columns lists of names; a row needs one of each list
 * @throws UserError naming file and line (or row)
 */
export function readJson(bytes: Buffer, path: string, columns: readonly (readonly string[])[]): RowFile {
  const lines = splitAtLineFeeds(bytes);
  const [first] = lines;
  if (first === undefined) throw new UserError(`${path} is empty; expected one JSON object a line.`);
  if (startOf(first) === '[') return arrayRows(bytes, path);
  const place = (index: number): string => `${path}, line ${index + 1}`;
  if (lines.length === 1 || startOf(first, 80).trim() === '{') refuseNested(bytes, path, columns.flat());
  return { rows: lines.map((line, index) => parseLine(line, place(index))), place, untyped: false };
}

/** The first characters of a line that are not white space. */
function startOf(line: Buffer, length = 1): string {
  return line.subarray(0, 1024).toString().trimStart().slice(0, length);
}

function arrayRows(bytes: Buffer, path: string): RowFile {
  const rows = parse(decodeLine(withoutMark(bytes), path, LONGEST_ARRAY), path) as unknown[];
  if (rows.length === 0) throw new UserError(`${path} is an array without rows.`);
  return { rows, place: (index) => `${path}, row ${index + 1}`, untyped: false };
}

/** One object over the whole file is no row where its rows are nested inside, which Python's library would read by `field`. */
function refuseNested(bytes: Buffer, path: string, columns: readonly string[]): void {
  let content: unknown;
  try {
    content = JSON.parse(decodeLine(withoutMark(bytes), path, LONGEST_ARRAY));
  } catch {
    // Several lines: the first that is no JSON is named.
    return;
  }
  if (typeof content !== 'object' || content === null) return;
  const keys = Object.keys(content);
  const nested = Object.entries(content).find(([, value]) => Array.isArray(value));
  if (nested !== undefined && !keys.some((key) => columns.includes(key)))
    throw new UserError(
      `${path} is one JSON object whose rows may be in "${cut(nested[0])}" (it has ${listed(keys)}); expected an array of rows, or one a line.`,
    );
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function parseLine(line: Buffer, place: string): unknown {
  const text = decodeLine(line, place);
  if (text.trim() === '') throw new UserError(`${place} is empty; expected a JSON object.`);
  return parse(text, place);
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${place} is not JSON: ${cut((error as Error).message, LONGEST_REASON)}`);
  }
}
