import { UserError } from '@icl-gd/gpu-kernels/errors';
import { extensionOf } from '../formats/kinds.ts';
import { listed } from '../../terminal/words.ts';

/** `train-00000-of-00002.csv`, `train-00000-of-00002-<digest>.parquet`; `0000.parquet` of the branch of converted files. */
const NUMBER = /-(\d+)-of-(\d+)(?:-\w+)?\.[\w.]+$|\/(\d{4,})\.parquet$/;

/**
 * The files themselves.
 *
 * @throws UserError if they are of several formats, or shards are missing
 */
export function requireComplete(files: readonly string[]): string[] {
  const kinds = new Set(files.map(extensionOf));
  if (kinds.size > 1)
    throw new UserError(
      `${listed(files)}: the same split in several kinds of files; keep one, or name the files`,
    );
  const numbers = files.map((file) => NUMBER.exec(file));
  const complete = numbers.every(
    (match, i) =>
      match === null ||
      (Number(match[1] ?? match[3]) === i && (match[2] === undefined || Number(match[2]) === files.length)),
  );
  if (complete) return [...files];
  throw new UserError(
    `${listed(files)}: shards are missing or doubled, the numbers should run from 0 without gaps`,
  );
}
