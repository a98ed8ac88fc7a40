import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'csv-stringify/sync';

export type Field = string | number | null;

/** Rows of a table; the first names the columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Field[])[];
}

/**
 * CSV with a header line; numbers in their shortest form that reads back the same, null as an empty field.
 * @throws RangeError for a number that is not finite: none may reach a table
 */
export function toCsv({ columns, rows }: Table): string {
  for (const [i, row] of rows.entries()) {
    const bad = row.findIndex((field) => typeof field === 'number' && !Number.isFinite(field));
    if (bad >= 0) throw new RangeError(`row ${i}, column ${columns[bad]}: ${row[bad]} is not finite`);
  }
  return stringify([
    columns,
    ...rows.map((row) => row.map((field) => (typeof field === 'number' ? String(field) : field))),
  ]);
}

/** Writes a file in one step, so that no reader ever sees half of it. */
export async function writeWhole(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.partial`, content);
  await rename(`${path}.partial`, path);
}
