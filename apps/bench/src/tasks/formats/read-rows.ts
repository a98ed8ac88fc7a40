import { UserError } from '@icl-gd/gpu-kernels/errors';
import { decompressed } from './decompress.ts';
import { readDelimited } from './delimited.ts';
import { readJson } from './json.ts';
import { EXTENSIONS, formatOf } from './kinds.ts';
import { readParquet } from './parquet.ts';
import type { RowFile } from './rows.ts';

/**
 * Rows of a data file, whose format follows from its extension.
 *
 * @param columns lists of names; of each list the file must have one (not checked for JSON, whose rows differ)
 * @throws UserError naming the file and, where there is one, the line
 */
export async function readRows(
  bytes: Buffer,
  path: string,
  columns: readonly (readonly string[])[],
): Promise<RowFile> {
  switch (formatOf(path)) {
    case 'json':
      return readJson(decompressed(bytes, path), path, columns);
    case 'parquet':
      return readParquet(bytes, path, columns);
    case 'csv':
      return readDelimited(decompressed(bytes, path), path, ',', columns);
    case 'tsv':
      return readDelimited(decompressed(bytes, path), path, '\t', columns);
    case undefined:
      throw new UserError(`${path}: unknown kind of file; expected ${EXTENSIONS}.`);
  }
}
