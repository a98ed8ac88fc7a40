import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { parse } from 'csv-parse';
import { fromHarmless } from './harmless.ts';

/** Reads a field; what it throws is completed with file, line and column. */
export type Column<T> = (text: string) => T;

/** A text as it was before the table was made harmless for spreadsheets. */
export const text: Column<string> = fromHarmless;

/** Larger than anything that is measured; sums of numbers below it stay finite. */
const LARGEST = 1e100;

/** A finite number. */
export const number: Column<number> = (field) => {
  if (field === '') throw new UserError('is empty');
  return finite(field);
};

/** A finite number, or nothing. */
export const numberOrNull: Column<number | null> = (field) => (field === '' ? null : finite(field));

/** A finite number from 0. */
export const amount: Column<number> = (field) => {
  const value = number(field);
  if (value < 0) throw new UserError(`${field} is below 0`);
  return value;
};

/** A number in a range, or nothing. */
export function between(least: number, most: number): Column<number | null> {
  return (field) => {
    const value = numberOrNull(field);
    if (value !== null && (value < least || value > most))
      throw new UserError(`${field} is not between ${least} and ${most}`);
    return value;
  };
}

/** A finite number from 0, or nothing. */
export const amountOrNull: Column<number | null> = (field) => (field === '' ? null : amount(field));

/** A number from 0 to 1, or nothing. */
export const shareOrNull = between(0, 1);

/** A number from -1 to 1, or nothing. */
export const cosineOrNull = between(-1, 1);

/** One of the words. */
export function oneOf<T extends string>(words: readonly T[]): Column<T> {
  return (field) => {
    const own = words.find((word) => word === field);
    if (own === undefined) throw new UserError(`"${field}" is none of ${words.join(', ')}`);
    return own;
  };
}

/** A whole number from 0. */
export const whole: Column<number> = (field) => {
  const value = number(field);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new UserError(`"${field}" is not a whole number from 0`);
  return value;
};

/** A whole number from 0 that a list can be indexed by. */
export function index(most: number): Column<number> {
  return (field) => {
    const value = whole(field);
    if (value > most) throw new UserError(`${field} is more than ${most}`);
    return value;
  };
}

/** A column that tables of earlier versions lack. */
export function optional<T>(read: Column<T>): Column<T | undefined> {
  const column: Column<T | undefined> = (field) => read(field);
  optionalColumns.add(column);
  return column;
}

const optionalColumns = new WeakSet<Column<unknown>>();

type Columns = Readonly<Record<string, Column<unknown>>>;

/** A line of a table. */
export interface TableRow<C extends Columns> {
  readonly values: { readonly [K in keyof C]: C[K] extends Column<infer T> ? T : never };
  /** File, line and column, for a complaint. */
  readonly place: (column: string) => string;
}

/**
 * Reads a table of a finished run, row by row. All columns must be there, but for {@link optional} ones.
 * @throws UserError naming file, line and column
 */
export async function* readTable<C extends Columns>(
  folder: string,
  name: string,
  columns: C,
): AsyncGenerator<TableRow<C>> {
  const path = join(folder, name);
  const source = createReadStream(path).on('error', (error) => parser.destroy(error));
  const parser = source.pipe(parse());
  const readers = Object.entries(columns);
  let places: number[] | undefined;
  let line = 0;
  try {
    for await (const fields of parser as AsyncIterable<readonly string[]>) {
      line++;
      if (!places) {
        const head = fields.map(fromHarmless);
        places = readers.map(([column, read]) =>
          optionalColumns.has(read) && !head.includes(column) ? -1 : findColumn(head, column, path, folder),
        );
        continue;
      }
      // Without a prototype: a column may have any name.
      const values = Object.create(null) as Record<string, unknown>;
      for (const [i, [column, read]] of readers.entries()) {
        const at = places[i] as number;
        if (at < 0) continue;
        try {
          values[column] = read(fields[at] as string);
        } catch (error) {
          throw new UserError(
            `${path}, line ${line}: ${column} ${(error as Error).message}; ${advice(folder)}`,
          );
        }
      }
      const here = line;
      yield {
        values: values as TableRow<C>['values'],
        place: (column) => `${path}, line ${here}: ${column}`,
      };
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'does not exist' : `cannot be read (${(error as Error).message})`;
    throw new UserError(`${path} ${reason}; ${advice(folder)}`);
  } finally {
    source.destroy();
  }
  if (!places) throw new UserError(`${path} is empty; ${advice(folder)}`);
}

/** As {@link readTable}, with no rows if the run did not write the file. */
export async function* readOptionalTable<C extends Columns>(
  folder: string,
  name: string,
  columns: C,
): AsyncGenerator<TableRow<C>> {
  if (existsSync(join(folder, name))) yield* readTable(folder, name, columns);
}

function findColumn(head: readonly string[], column: string, path: string, folder: string): number {
  const at = head.indexOf(column);
  if (at < 0) throw new UserError(`${path} lacks the column ${column}; ${advice(folder)}`);
  if (head.includes(column, at + 1))
    throw new UserError(`${path} has the column ${column} twice; ${advice(folder)}`);
  return at;
}

function finite(field: string): number {
  const value = Number(field);
  if (!Number.isFinite(value) || field.trim() === '') throw new UserError(`"${field}" is not a number`);
  if (Math.abs(value) > LARGEST) throw new UserError(`${field} is beyond ±${LARGEST}`);
  return value;
}

function advice(folder: string): string {
  return existsSync(join(folder, 'records'))
    ? 'the run that was begun there writes it: give the same `icl-gd run` again'
    : '--from takes the --out folder of a finished run';
}
