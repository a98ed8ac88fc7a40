import { FOUND_SPLITS, namesOfSplit } from './split-names.ts';

const IGNORED: ReadonlySet<string> = new Set([
  ...['README.md', 'config.json', 'dataset_info.json', 'dataset_infos.json', 'dataset_dict.json'],
  ...['dummy_data.zip', 'state.json'],
]);
const SHARD = /^data\/([^/]*)-\d{5}-of-\d{5}[^/]*\.[^/]*$/;

/** Files that may hold data: neither hidden, nor in a folder of a tool (`__pycache__`), nor about the data set itself. */
export function visibleFiles(files: readonly string[]): string[] {
  return files.filter((file) => {
    const parts = file.split('/');
    const name = parts.at(-1) as string;
    const hidden = parts.some((part) => /^\.+[^.]/.test(part));
    const special = parts.slice(0, -1).some((part) => part.startsWith('__'));
    return !hidden && !special && !IGNORED.has(name);
  });
}

/**
 * The files that Python's `datasets` takes into a split of a folder whose README declares none, in its order: `data/<split>-00000-of-00001*`
 * if there are such files, else what lies in folders named by splits, else what is named by a split. A name counts where it
 * stands alone between `-`, `.`, `_`, spaces and digits. Files of every kind are among them; a file that fits twice is read twice.
 *
 * @param files visible files, relative to the folder
 */
export function filesByKeyword(files: readonly string[], split: string): string[] {
  const shards = files.filter((file) => SHARD.test(file));
  if (shards.length > 0) return shards.filter((file) => SHARD.exec(file)?.[1] === split).toSorted();
  const named = files.map(toNamed);
  for (const patterns of [FOLDER_PATTERNS, NAME_PATTERNS]) {
    const taken = (name: string): string[] =>
      namesOfSplit(name).flatMap((keyword) =>
        patterns.flatMap((pattern) =>
          named
            .filter((one) => pattern(one, keyword))
            .map(({ file }) => file)
            .toSorted(),
        ),
      );
    if ([split, ...FOUND_SPLITS].some((name) => taken(name).length > 0)) return taken(split);
  }
  return [];
}

/** A file with what stands between the separators of its name and of each folder's. */
interface NamedFile {
  readonly file: string;
  readonly folders: readonly (readonly string[])[];
  readonly name: readonly string[];
}

function toNamed(file: string): NamedFile {
  const parts = file.split('/').map((part) => part.split(/[-._ 0-9]/));
  return { file, folders: parts.slice(0, -1), name: parts.at(-1) as string[] };
}

type Pattern = (named: NamedFile, keyword: string) => boolean;
type PartTest = (pieces: readonly string[], keyword: string) => boolean;

const begins: PartTest = (pieces, keyword) => pieces.length > 1 && pieces[0] === keyword;
const isInside: PartTest = (pieces, keyword) => pieces.slice(1, -1).includes(keyword);
const ends: PartTest = (pieces, keyword) => pieces.length > 1 && pieces.at(-1) === keyword;
const isAll: PartTest = (pieces, keyword) => pieces.length === 1 && pieces[0] === keyword;

const FOLDER_PATTERNS: readonly Pattern[] = [isAll, begins, ends, isInside].map(
  (test) =>
    ({ folders }, keyword) =>
      folders.some((pieces) => test(pieces, keyword)),
);
const NAME_PATTERNS: readonly Pattern[] = [begins, isInside].map(
  (test) =>
    ({ name }, keyword) =>
      test(name, keyword),
);
