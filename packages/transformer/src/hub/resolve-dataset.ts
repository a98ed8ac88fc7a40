import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileError, readTextFile } from '../files/reading.ts';
import { UserError } from '../errors.ts';
import { RepositoryCache } from './cache.ts';
import { HubClient, HubUnavailableError } from './http.ts';
import { type HubRepository, parseHubId } from './model-id.ts';
import { type RemoteFile, isCommit, listRepository, resolveCommit } from './repository.ts';
import { type HubSettings, hubSettings } from './settings.ts';
import { shown } from '../words.ts';
import { type DownloadObserver, ensureFile, remember } from './snapshot.ts';

/** Files of a dataset in the cache. */
export interface DatasetLocation {
  /** The snapshot's directory. */
  readonly directory: string;
  /** Paths inside the directory, as the selector named them. */
  readonly files: readonly string[];
  /** Where they were fetched from. */
  readonly hub: HubRepository & { readonly commit: string };
}

/**
 * Names the files that are wanted of a repository with these files.
 * @param read the text of one of the files
 * @throws UserError if the repository does not hold what is wanted; the message need not name the repository
 */
export type FileSelector = (
  files: readonly string[],
  read: (file: string) => Promise<string>,
) => Promise<readonly string[]>;

/**
 * Has the wanted files of a dataset of the hub in the cache: downloaded, resumed and verified as models are, and under the
 * same environment variables (see `resolveModel`). The cache folder is `datasets--<owner>--<name>`, as Python's.
 *
 * @param id `owner/name` or `name`, either with `@revision`
 * @throws UserError naming the id and what to do, as {@link resolveModel}; the reason of the observer's signal
 */
export async function resolveDataset(
  id: string,
  select: FileSelector,
  observer: DownloadObserver = {},
): Promise<DatasetLocation> {
  observer.signal?.throwIfAborted();
  const repository = parseHubId(id);
  if (!repository) throw new UserError(`${id}: no id of a dataset on the hub; expected owner/name@revision`);
  const settings = hubSettings(process.env, 'dataset');
  for (const line of settings.warnings ?? []) observer.warn?.(line);
  try {
    return await fetchDataset(repository, select, settings, observer);
  } catch (error) {
    throw fileError(settings.cache, 'the dataset cache', error);
  }
}

async function fetchDataset(
  repository: HubRepository,
  select: FileSelector,
  settings: HubSettings,
  observer: DownloadObserver,
): Promise<DatasetLocation> {
  const { id, revision } = repository;
  const { offlineBy = 'HF_HUB_OFFLINE' } = settings;
  const cache = new RepositoryCache(settings.cache, id, 'dataset');
  const located = (commit: string, files: readonly string[]): DatasetLocation => ({
    directory: cache.snapshot(commit),
    files,
    hub: { ...repository, commit },
  });
  if (settings.offline) {
    const commit = await cache.commitOf(revision);
    if (commit === undefined || !existsSync(cache.snapshot(commit)))
      throw new UserError(
        `${id}: revision ${revision} is not in the cache ${settings.cache} and ${offlineBy} is set; unset it to download`,
        'hub-offline',
      );
    try {
      return located(commit, await selectCached(cache, commit, id, select));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(
        `${error.message} (in the cache; ${offlineBy} is set, unset it to download)`,
        error.code ?? 'hub-offline',
      );
    }
  }
  if (isCommit(revision) && existsSync(cache.snapshot(revision))) {
    const files = await selectCached(cache, revision, id, select).catch(() => undefined);
    if (files) return located(revision, files);
  }
  const client = new HubClient(settings, repository, 'dataset', observer.signal);
  let commit: string | undefined;
  try {
    commit = isCommit(revision) ? revision : await resolveCommit(client);
    const files = await fetchSelected(client, cache, commit, select, observer);
    await remember(cache, revision, commit, observer);
    return located(commit, files);
  } catch (error) {
    if (!(error instanceof HubUnavailableError)) throw error;
    const cached = commit ?? (await cache.commitOf(revision));
    if (cached === undefined || !existsSync(cache.snapshot(cached))) throw error;
    const files = await selectCached(cache, cached, id, select).catch(() => {
      throw error;
    });
    observer.warn?.(`${error.message}. Using what is cached of ${revision}: commit ${cached}`);
    return located(cached, files);
  }
}

async function fetchSelected(
  client: HubClient,
  cache: RepositoryCache,
  commit: string,
  select: FileSelector,
  observer: DownloadObserver,
): Promise<readonly string[]> {
  const { id } = client.repository;
  const listed = await listRepository(client, commit);
  await cache.rememberListing(commit, [...listed.keys()]);
  const ensure = (path: string): Promise<void> =>
    ensureFile(client, cache, commit, listed.get(path) as RemoteFile, observer);
  const selected = await named(id, () =>
    select([...listed.keys()], async (path) => {
      await ensure(path);
      return readTextFile(join(cache.snapshot(commit), path), path);
    }),
  );
  // Last shard first: if this is cut off, what is missing shows in the numbering of what is there.
  for (const path of selected.toReversed()) await ensure(path);
  return selected;
}

/** The wanted files among those in the cache, each with the hash that it should have. */
async function selectCached(
  cache: RepositoryCache,
  commit: string,
  id: string,
  select: FileSelector,
): Promise<readonly string[]> {
  const directory = cache.snapshot(commit);
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && existsSync(join(entry.parentPath, entry.name)))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
  const all = (await cache.listing(commit)) ?? files;
  const selected = await named(id, () => select(all, (path) => readTextFile(join(directory, path), path)));
  const present = new Set(files);
  for (const path of selected) {
    if (!present.has(path)) throw new UserError(`${id}: ${path} is not in the cache ${directory}`);
    if (!(await cache.isIntact(commit, path)))
      throw new UserError(`${id}: ${shown(path)} is damaged in the cache ${directory}`);
  }
  return selected;
}

async function named<T>(id: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof UserError) || error.message.startsWith(id)) throw error;
    const named = new UserError(`${id}: ${error.message}`, error.code);
    throw error instanceof HubUnavailableError ? new HubUnavailableError(named.message) : named;
  }
}
