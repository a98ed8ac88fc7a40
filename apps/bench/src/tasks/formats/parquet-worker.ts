import { parentPort, workerData } from 'node:worker_threads';
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** What the thread gets to read. */
export interface ParquetJob {
  readonly bytes: Uint8Array;
  /** Columns that are wanted; those that the file lacks are left out. */
  readonly columns: readonly string[];
}

/** What the thread has read, values as the library gives them (64-bit integers as bigint), or why it could not. */
export type ParquetContent =
  | {
      /** Names of all columns of the file. */
      readonly present: readonly string[];
      /** Number of rows by the file's metadata. */
      readonly promised: number;
      readonly rows: readonly Record<string, unknown>[];
    }
  | { readonly failure: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function readContent({ bytes, columns }: ParquetJob): Promise<ParquetContent> {
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => Uint8Array.from(bytes.subarray(start, end)).buffer,
  };
  const metadata = await parquetMetadataAsync(file);
  const present = parquetSchema(metadata).children.map(({ element }) => element.name);
  const promised = Number(metadata.num_rows);
  const wanted = columns.filter((name) => present.includes(name));
  const rows =
    promised === 0 || wanted.length === 0
      ? []
      : await parquetReadObjects({
          file,
          metadata,
          columns: wanted,
          compressors,
          parsers: { stringFromBytes: (text) => text && utf8.decode(text) },
        });
  return { present, promised, rows };
}

// On damaged bytes the library throws errors of any type.
const content = await readContent(workerData as ParquetJob).catch((error: Error) => ({
  failure: error.message,
}));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage(content);
