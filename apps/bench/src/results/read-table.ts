import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@icl-gd/transformer';
import { parse } from 'csv-parse';

/** A line of a table: texts and numbers by column; null where a number's field is empty. */
export interface TableRow<Text extends string, Numeric extends string> {
  readonly text: Readonly<Record<Text, string>>;
  readonly number: Readonly<Record<Numeric, number | null>>;
  /** File, line and column, for a complaint. */
  readonly place: (column: string) => string;
}

interface Columns<Text extends string, Numeric extends string> {
  /** Columns that must be there, of any text. */
  readonly text: readonly Text[];
  /** Columns that must be there and hold finite numbers or nothing. */
  readonly number: readonly Numeric[];
}

/**
 * Reads a table of a finished run, row by row.
 * @throws UserError naming file, line and column
 */
export async function* readTable<Text extends string, Numeric extends string>(
  folder: string,
  name: string,
  columns: Columns<Text, Numeric>,
): AsyncGenerator<TableRow<Text, Numeric>> {
  const path = join(folder, name);
  const rows = createReadStream(path).on('error', (error) => parser.destroy(error));
  const parser = rows.pipe(parse({ columns: true }));
  let line = 1;
  try {
    for await (const row of parser as AsyncIterable<Readonly<Record<string, string>>>) {
      if (++line === 2) requireColumns(row, [...columns.text, ...columns.number], path, folder);
      const number = Object.fromEntries(
        columns.number.map((column) => [
          column,
          toNumber(row[column] ?? '', `${path}, line ${line}: ${column}`, folder),
        ]),
      ) as Record<Numeric, number | null>;
      const text = Object.fromEntries(columns.text.map((column) => [column, row[column] ?? ''])) as Record<
        Text,
        string
      >;
      const here = line;
      yield { text, number, place: (column) => `${path}, line ${here}: ${column}` };
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'does not exist' : `cannot be read (${(error as Error).message})`;
    throw new UserError(`${path} ${reason}; ${advice(folder)}`);
  } finally {
    rows.destroy();
  }
}

/** As {@link readTable}, with no rows if the run did not write the file. */
export async function* readOptionalTable<Text extends string, Numeric extends string>(
  folder: string,
  name: string,
  columns: Columns<Text, Numeric>,
): AsyncGenerator<TableRow<Text, Numeric>> {
  if (existsSync(join(folder, name))) yield* readTable(folder, name, columns);
}

function requireColumns(row: object, columns: readonly string[], path: string, folder: string): void {
  const missing = columns.find((column) => !(column in row));
  if (missing !== undefined) throw new UserError(`${path} lacks the column ${missing}; ${advice(folder)}`);
}

function toNumber(text: string, place: string, folder: string): number | null {
  if (text === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new UserError(`${place} "${text}" is not a number; ${advice(folder)}`);
  return value;
}

function advice(folder: string): string {
  return existsSync(join(folder, 'records'))
    ? 'the run that was begun there has not written it: give the same `icl-gd run` again'
    : '--from takes the --out folder of a finished run';
}
