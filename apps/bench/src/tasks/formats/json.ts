import { UserError } from '@icl-gd/gpu-kernels/errors';
import { cut, listed } from '../../terminal/words.ts';
import { decodeLine, splitAtLineFeeds, withoutMark } from './lines.ts';
import type { RowFile } from './rows.ts';

const LONGEST_REASON = 160;
const DEEPEST = 1000;
const ALWAYS_SHALLOW = 1 << 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;
/** The longest text that the JavaScript engine holds is half a gigabyte. */
const LONGEST_ARRAY = 400 << 20;

/**
 * Rows of a JSON file: one JSON value a line, or one array of all rows. The content says which, as in Python's `datasets`.
 *
 * @param columns lists of names; a row needs one of each list
 * @throws UserError naming file and line (or row)
 */
export function readJson(bytes: Buffer, path: string, columns: readonly (readonly string[])[]): RowFile {
  const [first, second] = splitAtLineFeeds(bytes);
  if (first === undefined) throw new UserError(`${path} is empty; expected one JSON object a line.`);
  if (startOf(first) === '[') return arrayRows(bytes, path);
  const place = (index: number): string => `${path}, line ${index + 1}`;
  if (second === undefined || startOf(first, 80).trim() === '{') refuseNested(bytes, path, columns.flat());
  const rows: unknown[] = [];
  for (const line of splitAtLineFeeds(bytes)) rows.push(parseLine(line, place(rows.length)));
  return { rows, place, untyped: false };
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
    content = parse(decodeLine(withoutMark(bytes), path, LONGEST_ARRAY), path);
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

function parseLine(line: Buffer, place: string): unknown {
  const text = decodeLine(line, place);
  if (text.trim() === '') throw new UserError(`${place} is empty; expected a JSON object.`);
  return parse(text, place);
}

function parse(text: string, place: string): unknown {
  if (text.length > ALWAYS_SHALLOW && isDeep(text))
    throw new UserError(`${place} is nested more than ${DEEPEST} levels deep.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${place} is not JSON: ${cut((error as Error).message, LONGEST_REASON)}`);
  }
}

/** Whether brackets outside of texts are open more often than any row has them: each costs much more than its byte. */
function isDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (inText) {
      if (character === BACKSLASH) i++;
      else if (character === QUOTE) inText = false;
    } else if (character === QUOTE) inText = true;
    else if (character === BRACKET || character === BRACE) depth++;
    else if (character === BRACKET + 2 || character === BRACE + 2) depth--;
    if (depth > DEEPEST) return true;
  }
  return false;
}
