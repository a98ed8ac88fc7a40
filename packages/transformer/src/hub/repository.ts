import { z } from 'zod';
import { UserError } from '../errors.ts';
import { ask, strange } from './answer.ts';
import type { HubClient } from './http.ts';
import { shown } from '../words.ts';

/** A file of a repository. */
export interface RemoteFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Its blob in the cache: SHA-256 of a large file (64 digits), else git's SHA-1 (40 digits). */
  readonly hash: string;
}

const COMMIT = /^[0-9a-f]{40}$/;
/** Of the list of files, a thousand of them each. */
const MOST_PAGES = 1000;
/** Of all pages together, unpacked. */
const MOST_BYTES = 128 << 20;
/** All pages may take as often the time that one request may. */
const MOST_TIMEOUTS = 10;

const revisionInfo = z.object({ sha: z.string().regex(COMMIT) });
const page = z.array(z.looseObject({ type: z.string() }));
const fileEntry = z
  .object({
    path: z.string(),
    size: z.int().nonnegative(),
    oid: z.string().regex(COMMIT),
    lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().nonnegative() }).optional(),
  })
  .transform(({ path, size, oid, lfs }): RemoteFile => ({
    path,
    size: lfs?.size ?? size,
    hash: lfs?.oid ?? oid,
  }));

export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** The commit that the repository's revision stands for now. @throws UserError as `HubClient.request` */
export async function resolveCommit(client: HubClient): Promise<string> {
  const url = `${client.api}/revision/${encodeURIComponent(client.repository.revision)}?expand=sha`;
  const { value } = await client.withRetries(() => ask(client, url, revisionInfo, 'gives no commit'));
  return value.sha;
}

/**
 * All files of a commit by path.
 * @throws UserError if a path would leave the repository, or the list does not end, else as `HubClient.request`
 */
export async function listRepository(client: HubClient, commit: string): Promise<Map<string, RemoteFile>> {
  const files = new Map<string, RemoteFile>();
  for (const entry of await client.withRetries(() => listEntries(client, commit))) {
    if (entry.type !== 'file') continue;
    const parsed = fileEntry.safeParse(entry);
    if (!parsed.success) throw strange(client, 'lists files without their hashes');
    const { path } = parsed.data;
    if (leavesDirectory(path))
      throw new UserError(
        `${client.repository.id}: refused: it lists "${shown(path)}", which would lie outside of the ${client.type === 'dataset' ? 'dataset' : 'model'}'s directory`,
      );
    files.set(path, parsed.data);
  }
  return files;
}

async function listEntries(client: HubClient, commit: string): Promise<z.infer<typeof page>> {
  const { stallTimeout } = client.settings;
  const end = performance.now() + MOST_TIMEOUTS * stallTimeout;
  const entries: z.infer<typeof page> = [];
  const asked = new Set<string>();
  let bytes = 0;
  let url: string | undefined = `${client.api}/tree/${commit}?recursive=true&expand=false`;
  while (url !== undefined) {
    const endless =
      asked.has(url) || asked.size === MOST_PAGES || bytes > MOST_BYTES || performance.now() > end;
    if (endless)
      throw strange(client, `gives a list of files that does not end (${asked.size} pages so far)`);
    asked.add(url);
    const answer: Awaited<ReturnType<typeof ask<z.infer<typeof page>>>> = await ask(
      client,
      url,
      page,
      'does not list files',
    );
    bytes += answer.bytes;
    for (const entry of answer.value) entries.push(entry);
    url = nextPage(answer.headers);
    if (url !== undefined && !URL.canParse(url)) throw strange(client, 'names no address for the next page');
  }
  return entries;
}

/** The address that a header like `<https://hub/…>; rel="next"` gives. */
function nextPage(headers: Headers): string | undefined {
  return /<(https?:\/\/[^>\s]+)>\s*;\s*rel="?next"?/.exec(headers.get('Link') ?? '')?.[1];
}

/** Names that are merely odd may stand in a listing: they are never asked for. */
function leavesDirectory(path: string): boolean {
  return /^[/\\]/.test(path) || path.split(/[/\\]/).includes('..');
}

/** The address of a file's bytes. */
export function fileUrl(client: HubClient, commit: string, path: string): string {
  const parts = path.split('/').map(encodeURIComponent);
  return `${client.page}/resolve/${commit}/${parts.join('/')}`;
}
