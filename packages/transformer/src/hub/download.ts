import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileExists } from '../files/reading.ts';
import { UserError } from '../errors.ts';
import { hasHash } from './cache.ts';
import { type HubClient, HubUnavailableError } from './http.ts';
import type { RemoteFile } from './repository.ts';
import { shown } from '../words.ts';

/** Bytes, or the rest of the file, that must arrive before the time limit for a stall begins anew. */
const LEAST_PROGRESS = 1 << 16;
/** Attempts at a file, and more by its size: each may be cut off after it brought a little. */
const LEAST_ATTEMPTS = 20;
const BYTES_PER_ATTEMPT = 1 << 20;

/**
 * Fetches a file's bytes to `blob`, whose folder is there. What arrives is kept in `<blob>.incomplete`, so that a cut
 * download goes on where it was, in this process or a later one; only contents of the right hash get the blob's name. No
 * more is read than the hub lists for the file.
 *
 * @param onBytes called with the bytes that are there
 * @throws UserError as `HubClient.request`, or if the contents are wrong again and again, or longer than listed
 */
export async function downloadBlob(
  client: HubClient,
  url: string,
  file: RemoteFile,
  blob: string,
  onBytes: (received: number) => void,
): Promise<void> {
  const incomplete = `${blob}.incomplete`;
  const name = `${client.repository.id}: ${shown(file.path)}`;
  let received = 0;
  await client.withRetries(
    async () => {
      received = await receivedBytes(incomplete);
      if (received > file.size) {
        await rm(incomplete, { force: true });
        received = 0;
      }
      if (received < file.size || file.size === 0) {
        await requireSpace(name, file.size - received, dirname(blob));
        const whole = await receive(client, url, incomplete, { start: received, size: file.size }, (bytes) =>
          onBytes((received = bytes)),
        );
        if (!whole) {
          await rm(incomplete, { force: true });
          throw new UserError(
            `${name} is longer than the ${file.size} bytes that the hub lists for it, and was cut off there; try again later, or check HF_ENDPOINT`,
          );
        }
      }
      if (received < file.size)
        throw new HubUnavailableError(
          `${client.repository.id}: the download of ${shown(file.path)} was cut off after ${received} of ${file.size} bytes; another attempt goes on from there`,
        );
      if (await hasHash(incomplete, file.hash)) return publish(incomplete, blob);
      if (await fileExists(blob)) return; // Another process was faster.
      await rm(incomplete, { force: true });
      throw new HubUnavailableError(
        `${name} arrives damaged: its hash is not ${file.hash}, which the hub gives; try again later`,
      );
    },
    () => received,
    LEAST_ATTEMPTS + Math.ceil(file.size / BYTES_PER_ATTEMPT),
  );
}

/** @throws UserError if the disk has no room for so many bytes; whoever listed them may not mean them either */
async function requireSpace(name: string, bytes: number, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bytes > bavail * bsize)
    throw new UserError(
      `${name} needs ${gigabytes(bytes)} GB, and ${folder} has ${gigabytes(bavail * bsize)} GB left; make room, or set HF_HUB_CACHE to another disk`,
    );
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(2);
}

async function publish(incomplete: string, blob: string): Promise<void> {
  try {
    await rename(incomplete, blob);
  } catch (error) {
    if (!(await fileExists(blob))) throw error;
  }
}

/** Length of what an earlier attempt left. A link is removed: writing through it would change another file. */
async function receivedBytes(incomplete: string): Promise<number> {
  try {
    const found = await lstat(incomplete);
    if (found.isFile() && found.nlink === 1) return found.size;
    await rm(incomplete);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return 0;
}

/**
 * Writes what one response brings, from byte `start` on if the server goes along, else from the first.
 * @returns false if it brings more than the file has
 */
async function receive(
  client: HubClient,
  url: string,
  path: string,
  { start, size }: { start: number; size: number },
  onBytes: (received: number) => void,
): Promise<boolean> {
  const controller = new AbortController();
  // Before anything is asked: a cache that cannot be written says so at once. Without truncation: another process that
  // fetches the same file may be writing the same bytes. Not through a link, even one that was made just now.
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0));
  const stop = (): void => controller.abort();
  const stall = setTimeout(stop, client.settings.stallTimeout);
  client.signal?.addEventListener('abort', stop);
  try {
    const response = await client.request(url, controller.signal, {
      // Compressed ranges would not fit together.
      'Accept-Encoding': 'identity',
      ...(start > 0 ? { Range: `bytes=${start}-` } : {}),
    });
    const resumes =
      response.status === 206 && response.headers.get('Content-Range')?.startsWith(`bytes ${start}-`);
    let position = resumes ? start : 0;
    let progress = position;
    for await (const chunk of arrivingBytes(response)) {
      if (position + chunk.length > size) return false;
      await writeAll(handle, chunk, position);
      position += chunk.length;
      if (position - progress >= LEAST_PROGRESS) {
        progress = position;
        stall.refresh();
      }
      onBytes(position);
    }
    return true;
  } finally {
    clearTimeout(stall);
    client.signal?.removeEventListener('abort', stop);
    // An answer that is not read to its end would keep the process alive.
    controller.abort();
    await handle.close();
  }
}

/** The bytes of a response up to where it ends, breaks off or stalls: what is missing shows in the count. */
async function* arrivingBytes({ body }: Response): AsyncGenerator<Uint8Array> {
  try {
    if (body) yield* body;
  } catch {
    // The caller asks for the rest.
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}
