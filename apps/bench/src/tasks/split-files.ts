import { extname, matchesGlob } from 'node:path/posix';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { EXTENSIONS } from './formats/read-rows.ts';
import { type DeclaredConfig, README, declaredConfigs } from './readme-configs.ts';
import type { SplitNames } from './task.ts';
import { listed } from '../terminal/words.ts';

/** Names by which the hub finds a split's files, the most usual first. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};
const MOST_NAMED = 5;

/**
 * The files of both splits in a directory with the layout of a dataset of the hub: as its README.md declares them (`configs`),
 * else by their names (`train.jsonl`, `data/train-00000-of-00002.parquet`, `<config>/train/0000.parquet`, …).
 *
 * @param files paths of all files, relative to the directory, with `/`
 * @param read gives the text of one of them
 * @throws UserError if a split has no files, files of several formats, or shards are missing
 */
export async function findSplitFiles(
  files: readonly string[],
  read: (file: string) => Promise<string>,
  { config, train, validation }: SplitNames,
): Promise<{ train: string[]; validation: string[] }> {
  const declared = files.includes(README) ? declaredConfigs(await read(README)) : [];
  const find =
    declared.length > 0
      ? (split: string) => declaredFiles(files, chooseConfig(declared, config), split)
      : (split: string) => filesByName(files, config, split);
  const found = { train: find(train), validation: find(validation) };
  for (const [split, own] of [
    [train, found.train],
    [validation, found.validation],
  ] as const)
    if (own.length === 0) throw nothingFound(files, config, split);
  return found;
}

/**
 * The files of a split, found by their names and sorted; an empty list if there are none.
 *
 * @throws UserError if they are of several formats, or shards are missing
 */
export function filesByName(files: readonly string[], config: string | undefined, split: string): string[] {
  const folders = config === undefined ? ['', 'data/', 'default/'] : [`${config}/`, `data/${config}/`];
  for (const folder of folders) {
    const inside = files.filter((file) => file.startsWith(folder) && isData(file));
    for (const name of SYNONYMS[split] ?? [split]) {
      const own = inside.filter((file) => isOfSplit(file.slice(folder.length), name));
      if (own.length > 0) return requireComplete(own.toSorted());
    }
  }
  return [];
}

function isData(file: string): boolean {
  return (EXTENSIONS as readonly string[]).includes(extname(file).toLowerCase());
}

/** `<split>.ext`, `<split>-00000-of-00002.ext`, `<split>/….ext` */
function isOfSplit(file: string, split: string): boolean {
  if (!file.startsWith(split)) return false;
  return /^(-\d+-of-\d+)?\.\w+$|^\/[^/]+$/.test(file.slice(split.length));
}

function chooseConfig(declared: readonly DeclaredConfig[], config: string | undefined): DeclaredConfig {
  const found =
    config === undefined
      ? (declared.find(({ isDefault }) => isDefault) ?? (declared.length === 1 ? declared[0] : undefined))
      : declared.find(({ name }) => name === config);
  if (found) return found;
  const names = listed(declared.map(({ name }) => name));
  throw new UserError(
    config === undefined
      ? `the dataset has several configurations; choose one of: ${names}`
      : `unknown configuration "${config}"; known: ${names}`,
  );
}

function declaredFiles(
  files: readonly string[],
  { name, directory, patterns }: DeclaredConfig,
  split: string,
): string[] {
  if (patterns === undefined) {
    const inside = `${directory ?? name}/`;
    const own = files.filter((file) => file.startsWith(inside)).map((file) => file.slice(inside.length));
    return filesByName(own, undefined, split).map((file) => inside + file);
  }
  const own = patterns.get(split);
  if (own === undefined)
    throw new UserError(
      `configuration "${name}" has no split "${split}"; known: ${listed([...patterns.keys()])}`,
    );
  // In the order of the patterns; the files of each pattern sorted.
  const matching = own.flatMap((pattern) => files.filter((file) => matchesGlob(file, pattern)).toSorted());
  return requireComplete([...new Set(matching)]);
}

/** @throws UserError if the files are of several formats, or shards are missing */
function requireComplete(files: string[]): string[] {
  const kinds = new Set(files.map((file) => extname(file).toLowerCase()));
  if (kinds.size > 1)
    throw new UserError(
      `${list(files)}: the same split in several kinds of files; keep one, or name the files`,
    );
  const numbers = files.map((file) => /-(\d+)-of-(\d+)\.\w+$|\/(\d{4,})\.\w+$/.exec(file));
  const complete = numbers.every(
    (match, i) =>
      match === null ||
      (Number(match[1] ?? match[3]) === i && (match[2] === undefined || Number(match[2]) === files.length)),
  );
  if (complete) return files;
  throw new UserError(`${list(files)}: shards are missing, the numbers should run from 0 without gaps`);
}

function nothingFound(files: readonly string[], config: string | undefined, split: string): UserError {
  const data = files.filter(isData);
  const where = config === undefined ? '' : ` of configuration "${config}"`;
  if (data.length === 0) {
    const script = files.some((file) => /^[^/]+\.py$/.test(file));
    const advice = script
      ? '; it is a loading script: give the revision that has its data, @refs/convert/parquet'
      : '';
    return new UserError(`no files ${EXTENSIONS.join(', ')} for split "${split}"${where}${advice}`);
  }
  return new UserError(`no files for split "${split}"${where}; there is ${list(data)}`);
}

function list(files: readonly string[]): string {
  const more = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '';
  return files.slice(0, MOST_NAMED).join(', ') + more;
}
