import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type DownloadObserver, UserError } from '@icl-gd/transformer';
import type { Example } from './example.ts';
import { readRows } from './formats/read-rows.ts';
import { type DatasetOrigin, locateData } from './locate.ts';
import { columnOf, toExamples } from './row-schema.ts';
import type { Task } from './task.ts';

/** Both splits of a dataset, rows in file order. */
export interface Dataset {
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  /** SHA-256 of each split's bytes (of several files: one after another), in hexadecimal. */
  readonly sha256: { readonly train: string; readonly validation: string };
  /** Where it was fetched from, if it was. */
  readonly hub?: DatasetOrigin;
}

/**
 * Reads a task's data: its own where it has any, else `<data>/<task.id>/{train,validation}` as JSON Lines, Parquet, CSV or
 * TSV, or what the hub has. Rows have the task's text fields and a label; other fields are ignored.
 *
 * @param data folder, or `hub`; may be absent where the task has its own data
 * @throws UserError naming file and line if a file is missing, empty, not UTF-8, or holds a row that does not fit.
 */
export async function readDataset(
  data: string | undefined,
  task: Task,
  observer: DownloadObserver = {},
): Promise<Dataset> {
  const { hub, hint, ...files } = await locateData(data, task, observer);
  const train = await readSplit(files.train, task, hint);
  const validation = await readSplit(files.validation, task, hint);
  return {
    train: train.examples,
    validation: validation.examples,
    sha256: { train: train.sha256, validation: validation.sha256 },
    ...(hub ? { hub } : {}),
  };
}

async function readSplit(
  paths: readonly string[],
  task: Task,
  hint: string | undefined,
): Promise<{ examples: Example[]; sha256: string }> {
  const columns = [
    ...task.fields.map((field) => [columnOf(task, field)]),
    task.labels.map(({ field }) => field),
  ];
  const hash = createHash('sha256');
  const examples: Example[][] = [];
  for (const path of paths) {
    const bytes = await readBytes(path, hint);
    hash.update(bytes);
    examples.push(toExamples(await readRows(bytes, path, columns), task));
  }
  return { examples: examples.flat(), sha256: hash.digest('hex') };
}

async function readBytes(path: string, hint: string | undefined): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'does not exist'
        : `cannot be read (${(error as Error).message})`;
    throw new UserError(hint === undefined ? `${path} ${reason}.` : `${path} ${reason}; ${hint}.`);
  }
}
