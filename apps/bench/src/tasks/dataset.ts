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
  /** Set if the files were downloaded from the hub. */
  readonly hub?: DatasetOrigin;
}

/**
 * Reads a task's dataset: the task's own data if it names any, else `<data>/<task.id>/{train,validation}` (JSON, Parquet,
 * CSV or TSV), or the dataset of the hub. Fields of a row that the task does not use are ignored.
 *
 * @param data folder, or `hub`; may be undefined if the task has data of its own
 * @param observer is told about downloads
 * @throws UserError naming file and line if a file is missing, empty, not UTF-8, or has a row that does not fit the task
 */
export async function readDataset(
  data: string | undefined,
  task: Task,
  observer: DownloadObserver = {},
): Promise<Dataset> {
  const { hub, hint, ...files } = await locateData(data, task, observer);
  const warn = (line: string): void => observer.warn?.(line);
  const train = await readSplit(files.train, task, hint, warn);
  const validation = await readSplit(files.validation, task, hint, warn);
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
  warn: (line: string) => void,
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
    const rows = await readRows(bytes, path, columns);
    if (rows.warning !== undefined) warn(rows.warning);
    examples.push(toExamples(rows, task));
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
