import { WholeFile } from '@icl-gd/transformer/files';
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

/** A CSV file that rows are added to as they are made. Under its own name it appears when it is complete. */
export class CsvFile {
  readonly #columns: readonly string[];
  readonly #file: WholeFile;
  #rows = 0;

  private constructor(columns: readonly string[], file: WholeFile) {
    this.#columns = columns;
    this.#file = file;
  }

  static async create(path: string, columns: readonly string[]): Promise<CsvFile> {
    const file = new CsvFile(columns, await WholeFile.create(path));
    try {
      await file.#file.append(toHeader(columns));
    } catch (error) {
      await file.abandon();
      throw error;
    }
    return file;
  }

  /** @throws RangeError for a number that is not finite */
  async add(rows: readonly (readonly Field[])[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#file.append(toLines(this.#columns, rows, this.#rows));
    this.#rows += rows.length;
  }

  async close(): Promise<void> {
    await this.#file.publish();
  }

  /** Leaves nothing unfinished behind; what stands under its own name stays. */
  async abandon(): Promise<void> {
    await this.#file.abandon();
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
