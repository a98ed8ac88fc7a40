import { UserError } from '@icl-gd/gpu-kernels/errors';
import { z } from 'zod';
import { cut, listed } from '../../terminal/words.ts';
import { parseYaml } from '../yaml/read-yaml.ts';

export const README = 'README.md';
/** A file with the header alone, which stands before that of the README. */
export const STANDALONE = '.huggingface.yaml';
/** Its header without `dataset_info`; a thousand configurations need some hundred kilobytes. */
const LARGEST_HEADER = 512 << 10;

/** A configuration of a dataset as its README declares it. */
export interface DeclaredConfig {
  readonly name: string;
  readonly isDefault: boolean;
  /** Folder of the files and of the patterns, if the README declares one. */
  readonly directory?: string;
  /** What stands between the columns of its CSV or TSV files, where the README says so. */
  readonly separator?: unknown;
  /** Glob patterns of each split's files. */
  readonly patterns?: ReadonlyMap<string, readonly string[]>;
}

const patterns = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const dataFiles = z.union([
  z.array(z.object({ split: z.string(), path: patterns })),
  // Files without a split are the hub's training split.
  patterns.transform((path) => [{ split: 'train', path }]),
]);
const config = z.looseObject({
  config_name: z.string().default('default'),
  default: z.boolean().default(false),
  data_dir: z.string().exactOptional(),
  data_files: dataFiles.exactOptional(),
  sep: z.unknown().optional(),
  delimiter: z.unknown().optional(),
});
const header = z.object({ configs: z.array(config).nullish() });

/** Keys of a configuration that change how Python's library reads its files, with the values that do not. */
const READING: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ...'names column_names index_col usecols prefix converters skiprows nrows escapechar comment quoting skipfooter dialect'
    .split(' ')
    .map((key) => [key, []] as const),
  ...'lineterminator true_values false_values thousands encoding_errors on_bad_lines columns filters field'
    .split(' ')
    .map((key) => [key, []] as const),
  ['header', [0, 'infer']],
  ['quotechar', ['"']],
  ['encoding', ['utf-8', 'utf8', 'UTF-8']],
  ['skipinitialspace', [false]],
]);

/**
 * The configurations that a README's YAML header declares; an empty list if there are none.
 *
 * @throws UserError if the header is not what the hub expects, or has files read otherwise than by their names
 */
export function declaredConfigs(readme: string, file = README): DeclaredConfig[] {
  const [, whole] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---\s*(?:\r?\n|$)/.exec(readme) ?? [];
  if (whole === undefined) return [];
  // Columns and sizes, which are not needed and most of a large header.
  const yaml = whole.replaceAll(/^dataset_info:[ \t]*\r?\n(?:[ \t-].*(?:\r?\n|$))*/gmu, '');
  if (yaml.length > LARGEST_HEADER)
    throw new UserError(`${file}: its header has over ${LARGEST_HEADER} characters; name the files instead`);
  const parsed = header.safeParse(
    parseYaml(yaml, `${file}: its header is not YAML`, { lastOfSame: true }) ?? {},
  );
  if (!parsed.success)
    throw new UserError(
      `${file}: its "configs" cannot be read (${cut(z.prettifyError(parsed.error).replaceAll(/\s+/g, ' '))})`,
    );
  const configs = parsed.data.configs ?? [];
  const names = new Set<string>();
  for (const { config_name: name } of configs) {
    if (names.has(name)) throw new UserError(`${file}: it declares the configuration "${cut(name)}" twice`);
    names.add(name);
  }
  return configs.map((one) => toDeclared(file, one));
}

function toDeclared(file: string, declared: z.infer<typeof config>): DeclaredConfig {
  const { config_name: name, data_dir: directory, data_files: files } = declared;
  for (const [key, value] of Object.entries(declared)) {
    const harmless = READING.get(key);
    // No header is not the usual one; no value of the others is.
    const usual = value === null && key !== 'header';
    if (harmless !== undefined && !usual && !harmless.includes(value))
      throw new UserError(
        `${file}: configuration "${cut(name)}" has its files read with "${key}", which is not supported; convert them, or name them in the task`,
      );
  }
  const separator = declared.delimiter ?? declared.sep;
  const folder = directory?.replaceAll(/^\.(\/|$)|\/$/g, '');
  return {
    name,
    isDefault: declared.default || name === 'default',
    ...(separator === undefined ? {} : { separator }),
    ...(folder === undefined ? {} : { directory: folder }),
    ...(files === undefined
      ? {}
      : { patterns: bySplit(`${file}: configuration "${cut(name)}"`, files, folder ?? '') }),
  };
}

function bySplit(
  where: string,
  entries: readonly { readonly split: string; readonly path: readonly string[] }[],
  folder: string,
): Map<string, string[]> {
  const splits = new Map<string, string[]>();
  for (const { split, path } of entries) {
    if (splits.has(split))
      throw new UserError(
        `${where} has the split "${cut(split)}" twice; known: ${listed([...splits.keys()])}`,
      );
    splits.set(
      split,
      path.map((pattern) => (folder ? `${folder}/` : '') + pattern.replace(/^\.\//, '')),
    );
  }
  return splits;
}
