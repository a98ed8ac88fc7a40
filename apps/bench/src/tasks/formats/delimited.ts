import { isUtf8 } from 'node:buffer';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { CsvError, type Info, parse } from 'csv-parse/sync';
import { cut } from '../../terminal/words.ts';
import { requireColumns } from './columns.ts';
import { decodeLine, splitAtLineFeeds } from './lines.ts';
import type { RowFile } from './rows.ts';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
/** Of a row, in characters; none of a real data set has megabytes. */
const LONGEST_RECORD = 16 << 20;
/** The parser's messages quote the field, however long it is. */
const LONGEST_REASON = 160;

interface ParsedRecord {
  readonly record: readonly string[];
  readonly info: Info;
}

/**
 * Rows of a CSV file (quoted as in RFC 4180) or a TSV file (no quoting: a quotation mark is part of the text), with a header
 * line.
 *
 * @param columns lists of names; of each list the file must have one
 * @throws UserError naming file and line
 */
export function readDelimited(
  bytes: Buffer,
  path: string,
  delimiter: ',' | '\t',
  columns: readonly (readonly string[])[],
): RowFile {
  if (!isUtf8(bytes)) refuseOtherEncoding(bytes, path);
  refuseLoneReturns(bytes, path, delimiter);
  const [header, ...records] = parseRecords(bytes, path, delimiter);
  if (header === undefined) throw new UserError(`${path} is empty; expected a header line and rows.`);
  requireColumns(path, header.record, columns);
  const wanted = placesOf(header.record, new Set(columns.flat()), path);
  if (records.length === 0) throw new UserError(`${path} has a header line but no rows.`);
  const place = (index: number): string => `${path}, line ${records[index]?.info.lines}`;
  return {
    rows: records.map(({ record }) => Object.fromEntries(wanted.map(([name, i]) => [name, record[i]]))),
    place,
    untyped: true,
    warning: delimiter === '\t' ? quotedAsCsv(records, wanted, place) : undefined,
  };
}

/** @throws UserError naming the first line that is not UTF-8 */
function refuseOtherEncoding(bytes: Buffer, path: string): never {
  let line = 0;
  for (const text of splitAtLineFeeds(bytes)) decodeLine(text, `${path}, line ${++line}`);
  throw new UserError(`${path} is not valid UTF-8.`);
}

/** Places of the wanted columns. */
function placesOf(header: readonly string[], wanted: ReadonlySet<string>, path: string): [string, number][] {
  const places = new Map<string, number>();
  for (const [i, name] of header.entries()) {
    if (places.has(name)) throw new UserError(`${path}: its header names the column '${cut(name)}' twice.`);
    places.set(name, i);
  }
  return [...places].filter(([name]) => wanted.has(name));
}

/** A carriage return by itself is text here and the end of a line in pandas, outside of quotation marks. */
function refuseLoneReturns(bytes: Buffer, path: string, delimiter: ',' | '\t'): void {
  let inQuotes = false;
  const nextQuote = (from: number): number => {
    const at = delimiter === ',' ? bytes.indexOf(QUOTE, from) : -1;
    return at < 0 ? bytes.length : at;
  };
  let quote = nextQuote(0);
  for (let at = bytes.indexOf(RETURN); at >= 0; at = bytes.indexOf(RETURN, at + 1)) {
    if (bytes[at + 1] === LINE_FEED) continue;
    for (; quote < at; quote = nextQuote(quote + 1)) inQuotes = !inQuotes;
    if (inQuotes) continue;
    const line = lineOf(bytes, at);
    throw new UserError(
      `${path}, line ${line} has a carriage return that no line feed follows; lines must end with \\n or \\r\\n.`,
    );
  }
}

function lineOf(bytes: Buffer, place: number): number {
  let line = 1;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0 && at < place; at = bytes.indexOf(LINE_FEED, at + 1))
    line++;
  return line;
}

/** Python's `datasets` reads quotation marks around a text of a TSV file as CSV's; they are part of it here. */
function quotedAsCsv(
  records: readonly ParsedRecord[],
  wanted: readonly [string, number][],
  place: (index: number) => string,
): string | undefined {
  const first = records.findIndex(({ record }) =>
    wanted.some(([, i]) => /^"(?:[^"]|"")*"$/.test(record[i] as string)),
  );
  if (first < 0) return undefined;
  return `${place(first)}: a text stands in quotation marks, which belong to it in a .tsv file; if they do not, make it a .csv file`;
}

function parseRecords(bytes: Buffer, path: string, delimiter: ',' | '\t'): readonly ParsedRecord[] {
  try {
    return parse(bytes, {
      bom: true,
      delimiter,
      info: true,
      max_record_size: LONGEST_RECORD,
      quote: delimiter === ',' ? '"' : null,
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
    }) as unknown as ParsedRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UserError(
      `${path} is not ${delimiter === ',' ? 'CSV' : 'TSV'}: ${cut(error.message, LONGEST_REASON)}`,
    );
  }
}
