import { dirname } from 'node:path/posix';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { EXTENSIONS, formatOf, withoutExtension } from '../formats/kinds.ts';
import { cut, listed } from '../../terminal/words.ts';
import type { SplitNames } from '../task.ts';
import { declaredFiles } from './declared-files.ts';
import { filesByKeyword, visibleFiles } from './python-layout.ts';
import { type DeclaredConfig, README, STANDALONE, declaredConfigs } from './readme-configs.ts';
import { requireComplete } from './require-complete.ts';
import { FOUND_SPLITS, namesOfSplit } from './split-names.ts';

type Warn = (line: string) => void;

/**
 * The files of both splits in a directory with the layout of a dataset of the hub: as its README.md declares them (`configs`),
 * else by their names (`train.jsonl`, `data/train-00000-of-00002.parquet`, `<config>/train/0000.parquet`, …).
 *
 * @param files paths of all files, relative to the directory, with `/`
 * @param read gives the text of one of them
 * @param warn is told where Python's `datasets` would read other files
 * @throws UserError if a split has no files, files of several formats, or shards are missing
 */
export async function findSplitFiles(
  files: readonly string[],
  read: (file: string) => Promise<string>,
  { config, train, validation }: SplitNames,
  warn?: Warn,
): Promise<{ train: string[]; validation: string[] }> {
  const declared = await readDeclared(files, read);
  const find = (split: string): string[] => {
    const byName = (inside: readonly string[]): string[] => filesByName(inside, undefined, split, warn);
    const found =
      declared.length > 0
        ? declaredFiles(files, declared, { config, split, byName }, warn)
        : filesByName(files, config, split, warn);
    if (found.length === 0) throw nothingFound(files, config, split, declared.length > 0);
    return found;
  };
  return { train: find(train), validation: find(validation) };
}

async function readDeclared(
  files: readonly string[],
  read: (file: string) => Promise<string>,
): Promise<DeclaredConfig[]> {
  const own = files.includes(STANDALONE)
    ? declaredConfigs(`---\n${await read(STANDALONE)}\n---\n`, STANDALONE)
    : [];
  return own.length > 0 || !files.includes(README) ? own : declaredConfigs(await read(README));
}

/**
 * The files of a split, found by their names and sorted; an empty list if there are none: `<split>.ext`,
 * `<split>-00000-of-00002.ext`, `<split>/….ext`, else what Python's library would find, where that is in one place.
 *
 * @throws UserError if they are of several formats, or shards are missing
 */
export function filesByName(
  files: readonly string[],
  config: string | undefined,
  split: string,
  warn?: Warn,
): string[] {
  const visible = visibleFiles(files);
  const roots = config === undefined ? [''] : [`${config}/`, `data/${config}/`];
  const folders = config === undefined ? ['', 'data/', 'default/'] : [''];
  for (const root of roots) {
    const inside = visible.filter((file) => file.startsWith(root)).map((file) => file.slice(root.length));
    const python = filesByKeyword(inside, split).filter((file) => formatOf(file) !== undefined);
    const exact = exactFiles(inside, split, folders);
    const found = exact.length > 0 ? exact : inOnePlace(python, split) ? [...new Set(python)] : [];
    if (found.length === 0) continue;
    const rooted = (names: readonly string[]): string[] => names.map((name) => root + name);
    const complete = requireComplete(rooted(found));
    warnOfOthers(complete, rooted(python), split, warn);
    if (python.length === 0 && hasOtherSplits(inside, split))
      warn?.(`${readFrom(split, complete)}; Python's datasets would find no such split here`);
    return complete;
  }
  return [];
}

function exactFiles(files: readonly string[], split: string, folders: readonly string[]): string[] {
  for (const folder of folders) {
    const inside = files.filter((file) => file.startsWith(folder) && formatOf(file) !== undefined);
    for (const name of namesOfSplit(split)) {
      const own = inside.filter((file) => isOfSplit(file.slice(folder.length), name));
      if (own.length > 0) return own.toSorted();
    }
  }
  return [];
}

/** `<split>.ext`, `<split>-00000-of-00002.ext` (a digest may follow), `<split>/….ext` */
function isOfSplit(file: string, split: string): boolean {
  if (!file.startsWith(split)) return false;
  const rest = file.slice(split.length);
  return /^(-\d+-of-\d+(-\w+)?)?$/.test(withoutExtension(rest)) || /^\/[^/]+$/.test(rest);
}

/** Files of the same split in several folders are most often several configurations. */
function inOnePlace(files: readonly string[], split: string): boolean {
  const names = namesOfSplit(split);
  const place = (file: string): string => {
    const parts = file.split('/');
    const folder = parts
      .slice(0, -1)
      .findIndex((part) => part.split(/[-._ 0-9]/).some((piece) => names.includes(piece)));
    return folder < 0 ? dirname(file) : parts.slice(0, folder).join('/');
  };
  return new Set(files.map(place)).size === 1;
}

/** Tells where Python's library would read other files, more, the same twice, or in another order. */
function warnOfOthers(found: readonly string[], python: readonly string[], split: string, warn?: Warn): void {
  const format = formatOf(found[0] as string);
  const sameFormat = python.filter((file) => formatOf(file) === format);
  const others = sameFormat.length > 0 ? sameFormat : python;
  if (others.length === 0 || others.join('\n') === found.join('\n')) return;
  warn?.(
    `${readFrom(split, found)}; Python's datasets would read ${listed(others)}; to have others, name them in the task ("data.files")`,
  );
}

function readFrom(split: string, files: readonly string[]): string {
  return `the split "${cut(split)}" is read from ${listed(files)}`;
}

/** Whether Python's library, which looks for one layout of all splits, would find others than this usual one. */
function hasOtherSplits(files: readonly string[], split: string): boolean {
  return FOUND_SPLITS.includes(split) && FOUND_SPLITS.some((name) => filesByKeyword(files, name).length > 0);
}

function nothingFound(
  files: readonly string[],
  config: string | undefined,
  split: string,
  declared: boolean,
): UserError {
  const where = config === undefined ? '' : ` of configuration "${cut(config)}"`;
  const there = files.length === 0 ? 'there are no files at all' : `there is ${listed(dataFirst(files))}`;
  const script =
    files.some((file) => /^[^/]+\.py$/.test(file)) && !files.some((file) => formatOf(file) !== undefined)
      ? '; it is a loading script: give the revision that has its data, @refs/convert/parquet'
      : '';
  const scattered =
    !declared && config === undefined && filesByKeyword(visibleFiles(files), split).length > 0;
  const advice = scattered
    ? '; those of several folders are not put together: choose one as "config"'
    : script;
  return new UserError(
    `no files for split "${cut(split)}"${where}; ${there}; looked for ${namesOfSplit(split)
      .map((name) => cut(name))
      .join(', ')} with ${EXTENSIONS}${advice}`,
  );
}

function dataFirst(files: readonly string[]): string[] {
  const isData = (file: string): boolean => formatOf(file) !== undefined;
  return [...files.filter(isData), ...files.filter((file) => !isData(file))];
}
