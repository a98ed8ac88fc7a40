import { extname } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { readDelimited } from './delimited.ts';
import { readJsonLines } from './jsonl.ts';
import { readParquet } from './parquet.ts';
import type { RowFile } from './rows.ts';

/** Extensions of the files that can be read. */
export const EXTENSIONS = ['.jsonl', '.parquet', '.csv', '.tsv'] as const;

/**
 * Rows of a data file, whose format follows from its extension.
 *
 * @param columns lists of names; of each list the file must have one (not checked for JSON Lines, whose rows differ)
 * @throws UserError naming the file and, where there is one, the line
 */
export async function readRows(
  bytes: Buffer,
  path: string,
  columns: readonly (readonly string[])[],
): Promise<RowFile> {
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
      return readJsonLines(bytes, path);
    case '.parquet':
      return readParquet(bytes, path, columns);
    case '.csv':
      return readDelimited(bytes, path, ',', columns);
    case '.tsv':
      return readDelimited(bytes, path, '\t', columns);
    default:
      throw new UserError(`${path}: unknown kind of file; expected ${EXTENSIONS.join(', ')}.`);
  }
}
