import { UserError } from '@icl-gd/gpu-kernels/errors';
import { parse } from 'yaml';
import { z } from 'zod';

export const README = 'README.md';

/** A configuration of a dataset as its README declares it. */
export interface DeclaredConfig {
  readonly name: string;
  readonly isDefault: boolean;
  /** Folder of the files, if the README declares a folder and no patterns. */
  readonly directory?: string;
  /** Glob patterns of each split's files. */
  readonly patterns?: ReadonlyMap<string, readonly string[]>;
}

const patterns = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const dataFiles = z.union([
  z.array(z.object({ split: z.string(), path: patterns })),
  // Files without a split are the hub's training split.
  patterns.transform((path) => [{ split: 'train', path }]),
]);
const header = z.object({
  configs: z
    .array(
      z.object({
        config_name: z.string().default('default'),
        default: z.boolean().default(false),
        data_dir: z.string().exactOptional(),
        data_files: dataFiles.exactOptional(),
      }),
    )
    .default([]),
});

/**
 * The configurations that a README's YAML header declares; an empty list if there are none.
 *
 * @throws UserError if the header is not what the hub expects
 */
export function declaredConfigs(readme: string): DeclaredConfig[] {
  const [, yaml] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---\s*(?:\r?\n|$)/.exec(readme) ?? [];
  if (yaml === undefined) return [];
  let content: unknown;
  try {
    content = parse(yaml) ?? {};
  } catch (error) {
    throw new UserError(`${README}: its header is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const parsed = header.safeParse(content);
  if (!parsed.success)
    throw new UserError(`${README}: its "configs" cannot be read (${z.prettifyError(parsed.error)})`);
  return parsed.data.configs.map((config) => ({
    name: config.config_name,
    isDefault: config.default || config.config_name === 'default',
    ...(config.data_dir === undefined ? {} : { directory: config.data_dir.replace(/^\.\/|\/$/g, '') }),
    ...(config.data_files === undefined ? {} : { patterns: bySplit(config.data_files, config.data_dir) }),
  }));
}

function bySplit(
  entries: readonly { readonly split: string; readonly path: readonly string[] }[],
  directory = '',
): Map<string, string[]> {
  const folder = directory.replace(/^\.\/?|\/$/g, '');
  return new Map(
    entries.map(({ split, path }) => [
      split,
      path.map((pattern) => (folder ? `${folder}/` : '') + pattern.replace(/^\.\//, '')),
    ]),
  );
}
