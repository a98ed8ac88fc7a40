import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../files/reading.ts';
import { readShardIndex } from '../checkpoint/shard-index.ts';
import { isIndex } from '../checkpoint/weight-files.ts';
import { UserError } from '../errors.ts';
import { RepositoryCache, hasHash } from './cache.ts';
import {
  CONFIG_FILE,
  TOKENIZER_SETTINGS,
  chooseFiles,
  tokenizerFiles,
  weightsEntry,
} from './choose-files.ts';
import { downloadBlob } from './download.ts';
import { HubClient, HubUnavailableError } from './http.ts';
import type { HubRepository } from './model-id.ts';
import { type RemoteFile, fileUrl, isCommit, listRepository, resolveCommit } from './repository.ts';
import type { HubSettings } from './settings.ts';
import { folderSource } from '../source/folder.ts';
import { shown } from '../words.ts';

/** What a person may want to see of a download. */
export interface DownloadObserver {
  /** Bytes of a file that have arrived, of all; called often. */
  progress?(file: string, received: number, total: number): void;
  /** A line of warning. */
  warn?(line: string): void;
  /** Ends the download: it rejects with the signal's reason. What has arrived is kept, and the next download goes on from it. */
  readonly signal?: AbortSignal | undefined;
}

/** A model in the cache. */
export interface Snapshot {
  readonly directory: string;
  readonly commit: string;
}

/**
 * The model's directory in the cache, with every file that is needed and no other, each verified by its hash. What is
 * missing or damaged is fetched. Without a network a revision that is cached is used as it is, with a warning.
 *
 * @throws UserError naming the id and what to do; the reason of the observer's signal
 */
export async function fetchSnapshot(
  model: HubRepository,
  settings: HubSettings,
  observer: DownloadObserver = {},
): Promise<Snapshot> {
  const { signal } = observer;
  signal?.throwIfAborted();
  const cache = new RepositoryCache(settings.cache, model.id);
  if (settings.offline) return offlineSnapshot(cache, model, settings);
  const client = new HubClient(settings, model, 'model', signal);
  let commit: string;
  try {
    commit = isCommit(model.revision) ? model.revision : await resolveCommit(client);
  } catch (error) {
    const cached = await cache.commitOf(model.revision);
    if (!(error instanceof HubUnavailableError) || cached === undefined) throw error;
    if ((await inspectCached(cache, cached)).state !== 'complete') throw error;
    observer.warn?.(`${error.message}. Using what is cached of ${model.revision}: commit ${cached}`);
    return { directory: cache.snapshot(cached), commit: cached };
  }
  const cached = await inspectCached(cache, commit);
  // A cached model without a tokenizer, or its settings, may just be one that another program did not need it of.
  if (cached.state !== 'complete' || !cached.tokenizer) await fetchFiles(client, cache, commit, observer);
  await remember(cache, model.revision, commit, observer);
  return { directory: cache.snapshot(commit), commit };
}

/** Notes which commit a revision is. Not being able to is no reason to refuse what is there. */
export async function remember(
  cache: RepositoryCache,
  revision: string,
  commit: string,
  observer: DownloadObserver,
): Promise<void> {
  try {
    await cache.remember(revision, commit);
  } catch (error) {
    const failure = fileError(cache.folder, 'the cache', error) as Error;
    observer.warn?.(`${failure.message}; an offline run will not find the revision ${revision}`);
  }
}

async function fetchFiles(
  client: HubClient,
  cache: RepositoryCache,
  commit: string,
  observer: DownloadObserver,
): Promise<void> {
  const { id } = client.repository;
  // Before the listing, so that a cache that cannot be written to says so at once.
  await cache.makeFolder(cache.blobs);
  const files = await listRepository(client, commit);
  const ensure = async (path: string): Promise<void> => {
    const file = files.get(path);
    if (!file)
      throw new UserError(`${id}: its shard index names ${shown(path)}, which the repository does not have`);
    await ensureFile(client, cache, commit, file, observer);
  };
  const chosen = chooseFiles(files, id);
  for (const path of chosen) await ensure(path);
  const indexFile = chosen.find(isIndex);
  if (indexFile === undefined) return;
  const index = await readShardIndex(folderSource(cache.snapshot(commit)), indexFile);
  for (const shard of new Set(index.values())) await ensure(shard);
}

/** Has a file in the snapshot with the contents that the hub lists; fetches what is missing or damaged. */
export async function ensureFile(
  client: HubClient,
  cache: RepositoryCache,
  commit: string,
  file: RemoteFile,
  observer: DownloadObserver,
): Promise<void> {
  observer.signal?.throwIfAborted();
  if (await hasHash(join(cache.snapshot(commit), file.path), file.hash)) return;
  const blob = cache.blob(file.hash);
  if (!(await hasHash(blob, file.hash))) {
    if (existsSync(blob)) {
      observer.warn?.(
        `${client.repository.id}: ${shown(file.path)} is damaged in the cache; fetching it again`,
      );
      await rm(blob);
    }
    await cache.makeFolder(cache.blobs);
    await downloadBlob(client, fileUrl(client, commit, file.path), file, blob, (received) =>
      observer.progress?.(file.path, received, file.size),
    );
  }
  await cache.link(file.hash, commit, file.path);
}

async function offlineSnapshot(
  cache: RepositoryCache,
  model: HubRepository,
  settings: HubSettings,
): Promise<Snapshot> {
  const { id, revision } = model;
  const { offlineBy = 'HF_HUB_OFFLINE' } = settings;
  const commit = await cache.commitOf(revision);
  const found = commit === undefined ? undefined : await inspectCached(cache, commit);
  if (commit === undefined || !found || found.state === 'absent') {
    throw new UserError(
      `${id}: revision ${revision} is not in the cache ${settings.cache} and ${offlineBy} is set; unset it to download, or give a model directory`,
      'hub-offline',
    );
  }
  if (found.state === 'complete') return { directory: cache.snapshot(commit), commit };
  throw new UserError(
    `${id}: ${shown(found.file)} is ${found.state} in the cache ${cache.snapshot(commit)} and ${offlineBy} is set; unset it to fetch the file`,
    'hub-offline',
  );
}

type CachedState =
  | { readonly state: 'absent' }
  | { readonly state: 'missing' | 'damaged'; readonly file: string }
  | { readonly state: 'complete'; readonly tokenizer: boolean };

/** Looks a snapshot over without a network. */
async function inspectCached(cache: RepositoryCache, commit: string): Promise<CachedState> {
  const directory = cache.snapshot(commit);
  if (!existsSync(directory)) return { state: 'absent' };
  const has = (file: string): boolean => existsSync(join(directory, file));
  const weights = weightsEntry(has);
  if (!has(CONFIG_FILE) || weights === undefined)
    return { state: 'missing', file: has(CONFIG_FILE) ? 'the weights file' : CONFIG_FILE };
  const tokenizer = tokenizerFiles(has);
  for (const file of [CONFIG_FILE, ...tokenizer, weights])
    if (!(await cache.isIntact(commit, file))) return { state: 'damaged', file };
  const shards = isIndex(weights)
    ? new Set((await readShardIndex(folderSource(directory), weights)).values())
    : [];
  for (const file of shards) {
    if (!has(file)) return { state: 'missing', file };
    if (!(await cache.isIntact(commit, file))) return { state: 'damaged', file };
  }
  return { state: 'complete', tokenizer: tokenizer.includes(TOKENIZER_SETTINGS) };
}
