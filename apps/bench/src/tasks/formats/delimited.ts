import { UserError } from '@icl-gd/gpu-kernels/errors';
import { CsvError, type Info, parse } from 'csv-parse/sync';
import { requireColumns } from './columns.ts';
import { decodeLine, splitAtLineFeeds } from './lines.ts';
import type { RowFile } from './rows.ts';

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
  for (const [index, line] of splitAtLineFeeds(bytes).entries())
    decodeLine(line, `${path}, line ${index + 1}`);
  const [header, ...records] = parseRecords(bytes, path, delimiter);
  if (header === undefined) throw new UserError(`${path} is empty; expected a header line and rows.`);
  requireColumns(path, header.record, columns);
  const twice = header.record.find((name, i) => header.record.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError(`${path}: its header names the column '${twice}' twice.`);
  if (records.length === 0) throw new UserError(`${path} has a header line but no rows.`);
  return {
    rows: records.map(({ record }) => Object.fromEntries(header.record.map((name, i) => [name, record[i]]))),
    place: (index) => `${path}, line ${records[index]?.info.lines}`,
    untyped: true,
  };
}

function parseRecords(bytes: Buffer, path: string, delimiter: ',' | '\t'): readonly ParsedRecord[] {
  try {
    return parse(bytes, {
      bom: true,
      delimiter,
      info: true,
      quote: delimiter === ',' ? '"' : null,
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
    }) as unknown as ParsedRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UserError(`${path} is not ${delimiter === ',' ? 'CSV' : 'TSV'}: ${error.message}`);
  }
}
