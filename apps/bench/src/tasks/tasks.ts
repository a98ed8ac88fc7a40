import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { once } from './once.ts';
import type { Task } from './task.ts';
import { type BuiltInTask, readBuiltInTask, readTaskFile } from './task-file.ts';
import { listed } from '../terminal/words.ts';

const FOLDER = fileURLToPath(new URL('../../tasks', import.meta.url));

/**
 * The tasks of a folder, one a YAML or JSON file, by their `order` and then by id.
 *
 * @throws UserError naming the file that does not fit, or two that have the same id
 */
export function readTaskFolder(folder: string): BuiltInTask[] {
  const files = readdirSync(folder).filter((file) => /\.(ya?ml|json)$/.test(file));
  const read = files.toSorted().map((file) => readBuiltInTask(join(folder, file)));
  const twice = read.find(({ task }, i) => read.findIndex((other) => other.task.id === task.id) !== i);
  if (twice) throw new UserError(`${folder}: two files describe a task "${twice.task.id}"`);
  return read.toSorted((a, b) => a.order - b.order || (a.task.id < b.task.id ? -1 : 1));
}

const builtIn = once(() => readTaskFolder(FOLDER));

/** Every task that is built in (`apps/bench/tasks`), in the order of lists and tables. */
export const builtInTasks = once((): readonly Task[] => builtIn().map(({ task }) => task));

/** The tasks of the paper (arXiv 2311.07772v4), in the order of its tables. */
export const paperTasks = once((): readonly Task[] =>
  builtIn()
    .filter(({ paper }) => paper)
    .map(({ task }) => task),
);

/**
 * The built-in task of that id.
 *
 * @throws UserError if there is none; the message lists those that exist
 */
export function findTask(id: string): Task {
  const task = builtInTasks().find((candidate) => candidate.id === id);
  if (task === undefined) {
    const known = builtInTasks().map((candidate) => candidate.id);
    throw new UserError(`Unknown task '${id}'. Known: ${listed(known)}.`);
  }
  return task;
}

/**
 * Reads a user's task file, whose id must not be that of a built-in task.
 *
 * @throws UserError naming the file and the key that does not fit
 */
export function readUserTask(path: string): Task {
  const task = readTaskFile(path);
  if (builtInTasks().some(({ id }) => id === task.id))
    throw new UserError(`${path}: "id": a built-in task is called ${task.id} already`);
  return task;
}

/** Datasets, each by the id of its task, in the order of tables: those of built-in tasks first, then the others as they come. */
export function orderDatasets(ids: Iterable<string>): string[] {
  const present = new Set(ids);
  const known = builtInTasks().map(({ id }) => id);
  return [...known.filter((id) => present.has(id)), ...[...present].filter((id) => !known.includes(id))];
}
