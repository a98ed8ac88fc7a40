import { type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { toHarmless } from './harmless.ts';

export type Field = string | number | null;

/** Rows of a table; the first names the columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Field[])[];
}

/**
 * CSV with a header line; numbers in their shortest form that reads back the same, null as an empty field, texts such that no
 * spreadsheet runs them.
 * @throws RangeError for a number that is not finite: none may reach a table
 */
export function toCsv({ columns, rows }: Table): string {
  return toHeader(columns) + toLines(columns, rows, 0);
}

/** Writes a file in one step, so that no reader ever sees half of it. */
export async function writeWhole(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(`${path}.partial`, content);
    await rename(`${path}.partial`, path);
  } catch (error) {
    await rm(`${path}.partial`, { force: true });
    throw error;
  }
}

/** A CSV file that rows are added to as they are made. Under its own name it appears when it is complete. */
export class CsvFile {
  readonly #path: string;
  readonly #columns: readonly string[];
  readonly #handle: FileHandle;
  #rows = 0;

  private constructor(path: string, columns: readonly string[], handle: FileHandle) {
    this.#path = path;
    this.#columns = columns;
    this.#handle = handle;
  }

  static async create(path: string, columns: readonly string[]): Promise<CsvFile> {
    await mkdir(dirname(path), { recursive: true });
    const file = new CsvFile(path, columns, await open(`${path}.partial`, 'w'));
    try {
      await file.#append(toHeader(columns));
    } catch (error) {
      await file.abandon();
      throw error;
    }
    return file;
  }

  /** @throws RangeError for a number that is not finite */
  async add(rows: readonly (readonly Field[])[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#append(toLines(this.#columns, rows, this.#rows));
    this.#rows += rows.length;
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await rename(`${this.#path}.partial`, this.#path);
  }

  /** Leaves nothing unfinished behind; what stands under its own name stays. */
  async abandon(): Promise<void> {
    try {
      await this.#handle.close();
    } finally {
      await rm(`${this.#path}.partial`, { force: true });
    }
  }

  /** Unlike `write`, which on a full disk writes a part and reports nothing, all of it or an error. */
  async #append(text: string): Promise<void> {
    await this.#handle.appendFile(text);
  }
}

function toHeader(columns: readonly string[]): string {
  return `${columns.map(quoted).join(',')}\n`;
}

function toLines(columns: readonly string[], rows: Table['rows'], before: number): string {
  let lines = '';
  for (const [i, row] of rows.entries()) {
    for (let at = 0; at < row.length; at++) {
      const field = row[at] as Field;
      if (typeof field === 'number' && !Number.isFinite(field))
        throw new RangeError(`row ${before + i}, column ${columns[at]}: ${field} is not finite`);
      lines += `${at === 0 ? '' : ','}${toText(field)}`;
    }
    lines += '\n';
  }
  return lines;
}

function toText(field: Field): string {
  if (field === null) return '';
  return typeof field === 'number' ? String(field) : quoted(field);
}

/** Texts repeat from row to row: each goes through the library once. What a spreadsheet would run is made harmless here. */
const quotedTexts = new Map<string, string>();
const MOST_TEXTS = 10_000;

function quoted(text: string): string {
  let known = quotedTexts.get(text);
  if (known === undefined) {
    known = stringify([[toHarmless(text)]]).slice(0, -1);
    if (quotedTexts.size < MOST_TEXTS) quotedTexts.set(text, known);
  }
  return known;
}
