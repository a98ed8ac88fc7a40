import { UserError } from '../errors.ts';
import { readText } from '../source/opened-file.ts';
import { type ModelSource, placeOf } from '../source/source.ts';

/** How large a JSON text may be: above what any real file of its kind is, below what fills the memory. */
export interface JsonLimits {
  /** Of the file. */
  readonly bytes: number;
  /** Objects and lists within each other. */
  readonly depth: number;
  /** Of all objects and lists together. */
  readonly values: number;
  /** Keys of the outermost object, and those past the fourth of every other. */
  readonly keys: number;
}

/** How a JSON file is read. */
interface JsonOptions {
  readonly limits?: JsonLimits;
  readonly signal?: AbortSignal | undefined;
}

/** The largest files that are read as JSON are tokenizers of a million merges (below 100 MB). */
const JSON_LIMITS: JsonLimits = { bytes: 2 ** 28, depth: 512, values: 20_000_000, keys: 5_000_000 };

/**
 * Reads a JSON file such as config.json or tokenizer.json.
 *
 * @param what the file's part in plain words, for the error: "model configuration"
 * @returns the parsed value, of any shape: validate it
 * @throws UserError if the file is missing, unreadable, empty, not UTF-8, not JSON, or larger than the limits
 */
export async function readJsonFile(
  source: ModelSource,
  name: string,
  what: string,
  { limits = JSON_LIMITS, signal }: JsonOptions = {},
): Promise<unknown> {
  const path = placeOf(source, name);
  const text = await readText(source, name, what, { maxBytes: limits.bytes, signal });
  if (text.trim() === '') throw new UserError(`${path}: ${what} is empty`);
  return parseJson(text, path, what, limits);
}

/** JSON.parse with a one-line UserError, which also refuses what is larger than the limits. */
export function parseJson(
  text: string,
  path: string,
  what: string,
  limits: JsonLimits = JSON_LIMITS,
): unknown {
  const fault = excess(text, limits);
  if (fault !== undefined) throw new UserError(`${path}: ${what} ${fault}, as no real one`);
  try {
    return JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
    throw new UserError(`${path}: ${what} is not valid JSON (${detail})`);
  }
}

/**
 * The first key that occurs twice in one object of a valid JSON text; JSON.parse would keep the last silently.
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let key = '';
  let found: string | undefined;
  eachToken(json, (token, start, end) => {
    if (token === '"') key = json.slice(start, end);
    else if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const name: string = key.includes('\\') ? JSON.parse(key) : key.slice(1, -1);
      const keys = open.at(-1)!;
      if (keys.has(name)) found = name;
      else keys.add(name);
    }
    return found === undefined;
  });
  return found;
}

/** What of a JSON text goes beyond the limits, if anything does: found without building what it describes. */
function excess(json: string, { depth, values, keys }: JsonLimits): string | undefined {
  let [open, count, named] = [0, 0, 0];
  /** Keys of each object or list that is open. */
  const own: number[] = [];
  let found: string | undefined;
  eachToken(json, (token) => {
    if (token === '{' || token === '[') own[++open] = 0;
    else if (token === '}' || token === ']') open--;
    else if (token === ':') {
      const key = (own[open] ?? 0) + 1;
      own[open] = key;
      if (open <= 1 || key > 4) named++;
    }
    if (token === '{' || token === '[' || token === ',') count++;
    if (open > depth) found = `is nested more than ${depth} deep`;
    else if (count > values) found = `has more than ${values} values`;
    else if (named > keys) found = `has more than ${keys} keys`;
    return found === undefined;
  });
  return found;
}

/** By character code. */
const STRUCTURE: readonly (string | undefined)[] = Array.from({ length: 128 }, (_, code) =>
  '{}[]:,"'.includes(String.fromCharCode(code)) ? String.fromCharCode(code) : undefined,
);

/**
 * Calls `take` for every string and every structural character of a JSON text, in time and memory that do not depend on how
 * it is nested, until it says no.
 */
function eachToken(json: string, take: (token: string, start: number, end: number) => boolean): void {
  for (let at = 0; at < json.length; at++) {
    const token = STRUCTURE[json.charCodeAt(at)];
    if (token === undefined) continue;
    const start = at;
    if (token === '"') {
      do at = json.indexOf('"', at + 1);
      while (at > 0 && isEscaped(json, at));
      if (at < 0) return;
    }
    if (!take(token, start, at + 1)) return;
  }
}

function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

/** Whether a JSON value is an object, no list and not null. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
