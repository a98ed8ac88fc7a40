import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@icl-gd/transformer';
import { parse } from 'csv-parse/sync';
import { type DatasetSize, type MeasuredCell, measureCells } from './tables.ts';

/** A line of a CSV file by column. */
export type Row = Readonly<Record<string, string>>;

/** What `tables` and `validate` need of a finished run, read back from its files. */
export interface MeasuredRun {
  readonly model: string;
  readonly cells: readonly MeasuredCell[];
  readonly variants: readonly string[];
  readonly methods: readonly string[];
  readonly sizes: ReadonlyMap<string, DatasetSize>;
  readonly training: readonly Row[];
}

/** @throws UserError if the folder does not hold the files of a run */
export async function readRun(folder: string): Promise<MeasuredRun> {
  const summary = await readTable(
    folder,
    'summary.csv',
    ['model', 'variant', 'dataset', 'method', 'metric'],
    ['value'],
  );
  const sizes = await readTable(folder, 'table3.csv', ['dataset'], ['train', 'validation', 'average_tokens']);
  const training = await readTable(
    folder,
    'training.csv',
    ['variant', 'dataset', 'method', 'seed', 'step'],
    ['layer', 'gradient_norm'],
  );
  return {
    model: summary[0]?.['model'] ?? '',
    cells: measureCells(summary),
    variants: [...new Set(summary.map((row) => row['variant'] ?? ''))],
    methods: [...new Set(summary.map((row) => row['method'] ?? ''))].filter((method) => method !== '-'),
    sizes: new Map(
      sizes.map((row) => [
        row['dataset'] ?? '',
        {
          train: Number(row['train']),
          validation: Number(row['validation']),
          averageTokens: Number(row['average_tokens']),
        },
      ]),
    ),
    training,
  };
}

/**
 * Reads a table of a finished run.
 * @param columns that must be there, of any text
 * @param numbers columns that must be there and hold finite numbers or nothing
 * @throws UserError naming file, line and column
 */
export async function readTable(
  folder: string,
  name: string,
  columns: readonly string[],
  numbers: readonly string[],
): Promise<Row[]> {
  const path = join(folder, name);
  let rows: Row[];
  try {
    rows = parse(await readFile(path), { columns: true }) as Row[];
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'does not exist'
        : `cannot be read (${(error as Error).message})`;
    throw new UserError(`${path} ${reason}; ${advice(folder)}`);
  }
  const first = rows[0];
  if (!first) return rows;
  const missing = [...columns, ...numbers].find((column) => !(column in first));
  if (missing) throw new UserError(`${path} lacks the column ${missing}; ${advice(folder)}`);
  for (const column of numbers) {
    const bad = rows.findIndex(({ [column]: value = '' }) => value !== '' && !Number.isFinite(Number(value)));
    if (bad >= 0)
      throw new UserError(
        `${path}, line ${bad + 2}: ${column} "${rows[bad]?.[column]}" is not a number; ${advice(folder)}`,
      );
  }
  return rows;
}

/** As {@link readTable}, with no rows if the run did not write the file. */
export async function readOptionalTable(
  folder: string,
  name: string,
  columns: readonly string[],
  numbers: readonly string[],
): Promise<Row[]> {
  return existsSync(join(folder, name)) ? await readTable(folder, name, columns, numbers) : [];
}

function advice(folder: string): string {
  return existsSync(join(folder, 'records'))
    ? 'the run that was begun there has not written it: give the same `icl-gd run` again'
    : '--from takes the --out folder of a finished run';
}
