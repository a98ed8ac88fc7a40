import { type ListFileEntry, datasetInfo, listFiles, modelInfo } from '@huggingface/hub';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import type { HubClient } from './http.ts';

/** A file of a repository. */
export interface RemoteFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Its blob in the cache: SHA-256 of a large file (64 digits), else git's SHA-1 (40 digits). */
  readonly hash: string;
}

const COMMIT = /^[0-9a-f]{40}$/;

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
  const { id, revision } = client.repository;
  const query = { name: id, revision, additionalFields: ['sha' as const], ...connection(client) };
  const { sha } = await ask<{ sha: unknown }>(client, () =>
    client.type === 'dataset' ? datasetInfo(query) : modelInfo(query),
  );
  if (typeof sha === 'string' && isCommit(sha)) return sha;
  throw strange(client, 'gives no commit');
}

/**
 * All files of a commit by path.
 * @throws UserError if a path would leave the repository, else as `HubClient.request`
 */
export async function listRepository(client: HubClient, commit: string): Promise<Map<string, RemoteFile>> {
  const entries = await ask(client, async () => {
    const listed: ListFileEntry[] = [];
    const repo = { type: client.type, name: client.repository.id };
    for await (const entry of listFiles({ repo, recursive: true, revision: commit, ...connection(client) }))
      listed.push(entry);
    return listed;
  });
  const files = new Map<string, RemoteFile>();
  for (const entry of entries) {
    if (entry.type !== 'file') continue;
    const parsed = fileEntry.safeParse(entry);
    if (!parsed.success) throw strange(client, 'lists files without their hashes');
    const { path } = parsed.data;
    if (leavesDirectory(path))
      throw new UserError(
        `${client.repository.id}: refused: it lists ${JSON.stringify(path)}, which would lie outside of the ${client.type === 'dataset' ? 'dataset' : 'model'}'s directory`,
      );
    files.set(path, parsed.data);
  }
  return files;
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

function connection(client: HubClient): { hubUrl: string; fetch: typeof fetch } {
  return {
    hubUrl: client.settings.endpoint,
    fetch: (url, init) => client.request(String(url), init),
  };
}

async function ask<T>(client: HubClient, question: () => Promise<T>): Promise<T> {
  return client.withRetries(async () => {
    try {
      return await question();
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (error instanceof SyntaxError) throw strange(client, 'does not answer in JSON');
      // The answer broke off while it was read.
      throw client.unreachable(error);
    }
  });
}

function strange({ repository, settings }: HubClient, what: string): UserError {
  return new UserError(
    `${repository.id}: ${settings.endpoint} ${what}; it does not seem to be a Hugging Face hub, check HF_ENDPOINT`,
  );
}
