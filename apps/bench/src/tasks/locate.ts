import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type DatasetLocation, type DownloadObserver, UserError, resolveDataset } from '@icl-gd/transformer';
import { EXTENSIONS, withoutExtension } from './formats/kinds.ts';
import { README } from './layout/readme-configs.ts';
import { filesByName, findSplitFiles } from './layout/split-files.ts';
import { listed } from '../terminal/words.ts';
import type { DirectorySource, HubSource, Task } from './task.ts';

/** Value of `--data` that stands for the Hugging Face hub, in place of a folder. */
export const HUB = 'hub';

/** The dataset of the hub, and the commit of it, that was read. */
export type DatasetOrigin = DatasetLocation['hub'] & { readonly config?: string };

/** Paths of a dataset's files by split; the rows of a split's files follow one another. */
export interface LocatedData {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  /** Set if the files were downloaded from the hub. */
  readonly hub?: DatasetOrigin;
  /** Ends the error's sentence if a file does not exist. */
  readonly hint?: string;
}

/**
 * Finds the files of a task's dataset: the task's own (`task.data`) if it names any, else those in `data`.
 *
 * @param data folder with one folder a dataset, named by the task's id, or `hub`
 * @param observer is told about downloads
 * @throws UserError naming the task or folder and what is missing
 */
export async function locateData(
  data: string | undefined,
  task: Task,
  observer: DownloadObserver,
): Promise<LocatedData> {
  const own = task.data;
  if (own && 'files' in own) return own.files;
  if (own && 'directory' in own) return inDirectory(own, observer);
  if (own) return onHub(own, observer);
  if (data === undefined)
    throw new UserError(`${task.id} has no data of its own; say with --data where it is`);
  if (data !== HUB) return inTaskFolder(data, task, observer);
  if (!task.hub) throw new UserError(`${task.id}: its file does not say where the data is on the hub`);
  return onHub(task.hub, observer);
}

async function onHub(source: HubSource, observer: DownloadObserver): Promise<LocatedData> {
  let splits = { train: [] as string[], validation: [] as string[] };
  const { directory, hub } = await resolveDataset(
    source.id,
    async (files, read) => {
      splits = await findSplitFiles(files, read, source, observer.warn);
      return [...new Set([...splits.train, ...splits.validation])];
    },
    observer,
  );
  return {
    ...inside(directory, splits),
    hub: { ...hub, ...(source.config === undefined ? {} : { config: source.config }) },
  };
}

async function inDirectory(source: DirectorySource, observer: DownloadObserver): Promise<LocatedData> {
  const { directory } = source;
  const files = await listFiles(directory);
  if (files === undefined) throw new UserError(`${directory} is no folder that can be read`);
  try {
    const read = (file: string): Promise<string> => readText(join(directory, file));
    const splits = await findSplitFiles(files, read, source, observer.warn);
    return inside(directory, splits);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${directory}: ${error.message}`) : error;
  }
}

async function inTaskFolder(data: string, task: Task, observer: DownloadObserver): Promise<LocatedData> {
  const folder = join(data, task.id);
  const files = (await listFiles(folder)) ?? [];
  const find = (split: 'train' | 'validation'): string[] => {
    const named = task.files[split];
    const found = filesByName(files, undefined, withoutExtension(named), observer.warn);
    return (found.length > 0 ? found : [named]).map((file) => join(folder, file));
  };
  const needed = `${task.id}/${task.files.train} and ${task.id}/${task.files.validation}`;
  if (files.includes(README)) await warnOfReadme(folder, files, task, observer);
  const there = files.length === 0 ? await listFolders(data) : files;
  return {
    train: find('train'),
    validation: find('validation'),
    hint: `the data folder needs ${needed} (or ${EXTENSIONS}, also .gz)${there.length === 0 ? '' : `; there is ${listed(there)}`}`,
  };
}

/** The files are found by their names here, which may be others than those that the README declares. */
async function warnOfReadme(
  folder: string,
  files: readonly string[],
  task: Task,
  { warn }: DownloadObserver,
): Promise<void> {
  const names = { train: 'train', validation: 'validation', ...task.hub };
  const declared = await findSplitFiles(files, (file) => readText(join(folder, file)), names).catch(
    () => undefined,
  );
  if (declared === undefined) return;
  for (const split of ['train', 'validation'] as const) {
    const found = filesByName(files, undefined, withoutExtension(task.files[split]));
    if (found.length === 0 || found.join('\n') === declared[split].join('\n')) continue;
    warn?.(
      `${folder}: the ${split} rows are read from ${listed(found)}, not from ${listed(declared[split])}, which its README declares; to have those, name the folder in the task ("data.directory")`,
    );
  }
}

function inside(
  directory: string,
  { train, validation }: { train: string[]; validation: string[] },
): { train: string[]; validation: string[] } {
  const place = (file: string): string => join(directory, file);
  return { train: train.map(place), validation: validation.map(place) };
}

/** @throws UserError naming the file if it cannot be read */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as Error).message})`);
  }
}

/** What lies in the folder of all data, where that of a dataset is empty or missing. */
async function listFolders(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.toSorted();
}

async function listFiles(directory: string): Promise<string[] | undefined> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch {
    return undefined;
  }
}
