import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { moduleBeside } from '../../terminal/module-beside.ts';
import { cut } from '../../terminal/words.ts';
import { requireColumns } from './columns.ts';
import type { ParquetContent, ParquetJob } from './parquet-worker.ts';
import type { RowFile } from './rows.ts';

const LONGEST_REASON = 160;
const MEGABYTE = 1 << 20;
/** Bytes of memory for each byte of the file: rows grow when they are decompressed and turned into objects. */
const MEMORY_FACTOR = 40;
const LEAST_MEMORY_MB = 512;
/** Ordinary machines read some 20 megabytes a second. */
const LEAST_TIME_MS = 8000;
const TIME_MS_PER_MB = 1000;

/**
 * Rows of a Parquet file with the wanted columns alone; 64-bit integers become numbers. The library may loop for ever on a
 * damaged page, so it runs in a thread that is ended after `timeLimit` milliseconds.
 *
 * @param columns lists of names; of each list the file must have one
 * @throws UserError naming the file if it is damaged, lacks a column, or has no rows
 */
export async function readParquet(
  bytes: Buffer,
  path: string,
  columns: readonly (readonly string[])[],
  timeLimit = LEAST_TIME_MS + TIME_MS_PER_MB * Math.ceil(bytes.length / MEGABYTE),
): Promise<RowFile> {
  const content = await inThread({ bytes, columns: [...new Set(columns.flat())] }, timeLimit);
  if ('failure' in content)
    throw new UserError(
      `${path} is not a Parquet file that can be read (${cut(content.failure, LONGEST_REASON)}); it may be damaged or cut off.`,
    );
  const { present, promised, rows } = content;
  requireColumns(path, present, columns);
  if (promised === 0) throw new UserError(`${path} has no rows.`);
  if (rows.length !== promised)
    throw new UserError(`${path} is damaged: it promises ${promised} rows and holds ${rows.length}.`);
  return { rows: rows.map(withNumbers), place: (index) => `${path}, row ${index + 1}`, untyped: false };
}

function withNumbers(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  );
}

async function inThread(job: ParquetJob, timeLimit: number): Promise<ParquetContent> {
  const megabytes = Math.ceil(job.bytes.length / MEGABYTE);
  const signal = AbortSignal.timeout(timeLimit);
  const worker = new Worker(moduleBeside(import.meta.url, './parquet-worker'), {
    workerData: job,
    resourceLimits: { maxOldGenerationSizeMb: LEAST_MEMORY_MB + MEMORY_FACTOR * megabytes },
  });
  try {
    const [content] = (await once(worker, 'message', { signal })) as [ParquetContent];
    return content;
  } catch (error) {
    const { name, message } = error as Error;
    return { failure: name === 'AbortError' ? 'reading it does not come to an end' : message };
  } finally {
    await worker.terminate();
  }
}
