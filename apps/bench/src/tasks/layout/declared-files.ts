import { UserError } from '@icl-gd/gpu-kernels/errors';
import { formatOf } from '../formats/kinds.ts';
import { cut, listed } from '../../terminal/words.ts';
import { GLOB_BUDGET, type GlobBudget, compileGlob, hasMagic } from './glob.ts';
import { visibleFiles } from './python-layout.ts';
import type { DeclaredConfig } from './readme-configs.ts';
import { requireComplete } from './require-complete.ts';

/** Which files are looked for. */
export interface WantedSplit {
  /** Name of the configuration; the default one, or the only one, if undefined. */
  readonly config: string | undefined;
  readonly split: string;
  /** Finds the split's files in a folder by their names. */
  readonly byName: (files: readonly string[]) => string[];
}

/**
 * The files of a split as a README declares them: by the patterns of the chosen configuration, in their order, or by name in its
 * folder.
 *
 * @throws UserError if there is no such configuration, split or file, or files would have to be read otherwise than by their names
 */
export function declaredFiles(
  files: readonly string[],
  declared: readonly DeclaredConfig[],
  { config, split, byName }: WantedSplit,
  warn?: (line: string) => void,
): string[] {
  const chosen = chooseConfig(declared, config);
  const found = chosen.patterns
    ? matchingFiles(files, chosen, split, warn)
    : insideFolder(files, chosen.directory ?? '', byName);
  const { separator } = chosen;
  const expected = { csv: ',', tsv: '\t' };
  const other = found.find((file) => {
    const format = formatOf(file);
    return (
      separator !== undefined && (format === 'csv' || format === 'tsv') && expected[format] !== separator
    );
  });
  if (other !== undefined)
    throw new UserError(
      `README.md: configuration "${cut(chosen.name)}" has ${cut(other)} read with the separator ${cut(JSON.stringify(separator) ?? '')}; .csv is read with commas, .tsv with tabs: rename or convert it`,
    );
  return found;
}

function chooseConfig(declared: readonly DeclaredConfig[], config: string | undefined): DeclaredConfig {
  const defaults = declared.length === 1 ? declared : declared.filter(({ isDefault }) => isDefault);
  const fitting = config === undefined ? defaults : declared.filter(({ name }) => name === config);
  if (fitting.length === 1) return fitting[0] as DeclaredConfig;
  const names = listed(declared.map(({ name }) => name));
  throw new UserError(
    config === undefined
      ? `the dataset has several configurations; choose one of: ${names}`
      : `unknown configuration "${cut(config)}"; known: ${names}`,
  );
}

function insideFolder(
  files: readonly string[],
  directory: string,
  byName: (files: readonly string[]) => string[],
): string[] {
  const folder = directory === '' ? '' : `${directory}/`;
  const own = files.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length));
  return byName(own).map((file) => folder + file);
}

function matchingFiles(
  files: readonly string[],
  { name, patterns }: DeclaredConfig,
  split: string,
  warn?: (line: string) => void,
): string[] {
  const own = patterns?.get(split);
  if (own === undefined)
    throw new UserError(
      `configuration "${cut(name)}" has no split "${cut(split)}"; known: ${listed([...(patterns?.keys() ?? [])])}`,
    );
  const budget = { left: GLOB_BUDGET };
  // In the order of the patterns; the files of each pattern sorted.
  const matching = own.flatMap((pattern) => matchingOne(files, pattern, budget));
  const found = [...new Set(matching)];
  if (found.length < matching.length)
    warn?.(
      `the patterns of the split "${cut(split)}" name a file twice; it is read once, and twice by Python's datasets`,
    );
  return requireComplete(found);
}

function matchingOne(files: readonly string[], pattern: string, budget: GlobBudget): string[] {
  if (!hasMagic(pattern)) {
    if (files.includes(pattern)) return [pattern];
    throw new UserError(
      `README.md declares the file ${cut(pattern)}, which is not there; there is ${listed(files)}`,
    );
  }
  const fits = compileGlob(pattern, budget);
  // A pattern finds hidden files only where it says so itself.
  const hidden = /(^|\/)(\.+[^./]|__)/.test(pattern);
  const found = (hidden ? files : visibleFiles(files)).filter(
    (file) => formatOf(file) !== undefined && fits(file),
  );
  return found.toSorted();
}
