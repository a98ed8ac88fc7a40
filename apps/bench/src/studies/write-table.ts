import { readFile } from 'node:fs/promises';
import { writeWhole } from '@icl-gd/transformer/files';
import { parse } from 'csv-parse/sync';
import { type Table, toCsv } from '../results/csv.ts';

/**
 * Writes a study's table in place of an earlier one.
 * @param keys number of columns at the left that say what a row is about
 * @returns how many rows of the earlier table are about something that this one has not
 */
export async function replaceTable(path: string, table: Table, keys: number): Promise<number> {
  const [now, before] = [rowKeys(toCsv(table), keys), rowKeys(await readEarlier(path, table), keys)];
  await writeWhole(path, toCsv(table));
  return [...before].filter((key) => !now.has(key)).length;
}

/** Text of the earlier table; nothing where there is none of the same columns. */
async function readEarlier(path: string, { columns }: Table): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.startsWith(toCsv({ columns, rows: [] })) ? text : '';
}

function rowKeys(csv: string, keys: number): Set<string> {
  try {
    const rows = parse(csv).slice(1) as string[][];
    return new Set(rows.map((row) => JSON.stringify(row.slice(0, keys))));
  } catch {
    // Damaged: nobody misses its rows.
    return new Set();
  }
}
