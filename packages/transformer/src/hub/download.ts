import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileExists } from '../checkpoint/files.ts';
import { hasHash } from './cache.ts';
import { type HubClient, HubUnavailableError } from './http.ts';
import type { RemoteFile } from './repository.ts';

/**
 * Fetches a file's bytes to `blob`. What arrives is kept in `<blob>.incomplete`, so that a cut download goes on where it
 * was, in this process or a later one; only contents of the right hash get the blob's name. (The library's own download
 * to the cache neither resumes nor verifies.)
 *
 * @param onBytes called with the bytes that are there
 * @throws UserError as `HubClient.request`, or if the contents are wrong again and again
 */
export async function downloadBlob(
  client: HubClient,
  url: string,
  file: RemoteFile,
  blob: string,
  onBytes: (received: number) => void,
): Promise<void> {
  const incomplete = `${blob}.incomplete`;
  await mkdir(dirname(blob), { recursive: true });
  let received = 0;
  await client.withRetries(
    async () => {
      received = await receivedBytes(incomplete);
      if (received > file.size) {
        await rm(incomplete, { force: true });
        received = 0;
      }
      if (received < file.size || file.size === 0) {
        await receive(client, url, incomplete, received, (bytes) => onBytes((received = bytes)));
      }
      if (received < file.size)
        throw new HubUnavailableError(
          `${client.repository.id}: the download of ${file.path} was cut off after ${received} of ${file.size} bytes; another attempt goes on from there`,
        );
      if (await hasHash(incomplete, file.hash)) return publish(incomplete, blob);
      if (await fileExists(blob)) return; // Another process was faster.
      await rm(incomplete, { force: true });
      throw new HubUnavailableError(
        `${client.repository.id}: ${file.path} arrives damaged: its hash is not ${file.hash}, which the hub gives; try again later`,
      );
    },
    () => received,
  );
}

async function publish(incomplete: string, blob: string): Promise<void> {
  try {
    await rename(incomplete, blob);
  } catch (error) {
    if (!(await fileExists(blob))) throw error;
  }
}

async function receivedBytes(incomplete: string): Promise<number> {
  try {
    return (await stat(incomplete)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Writes what one response brings, from byte `start` on if the server goes along, else from the first. */
async function receive(
  client: HubClient,
  url: string,
  path: string,
  start: number,
  onBytes: (received: number) => void,
): Promise<void> {
  const controller = new AbortController();
  const stall = setTimeout(() => controller.abort(), client.settings.stallTimeout);
  let handle: FileHandle | undefined;
  try {
    const response = await client.request(url, {
      // Compressed ranges would not fit together.
      headers: { 'Accept-Encoding': 'identity', ...(start > 0 ? { Range: `bytes=${start}-` } : {}) },
      signal: controller.signal,
    });
    const resumes =
      response.status === 206 && response.headers.get('Content-Range')?.startsWith(`bytes ${start}-`);
    let position = resumes ? start : 0;
    // Without truncation: another process that fetches the same file may be writing the same bytes.
    handle = await open(path, constants.O_RDWR | constants.O_CREAT);
    for await (const chunk of arrivingBytes(response)) {
      stall.refresh();
      await writeAll(handle, chunk, position);
      position += chunk.length;
      onBytes(position);
    }
  } finally {
    clearTimeout(stall);
    await handle?.close();
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
