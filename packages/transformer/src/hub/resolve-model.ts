import { basename, resolve } from 'node:path';
import { fileError, fileExists } from '../files/reading.ts';
import { UserError } from '../errors.ts';
import { type HubRepository, parseHubId } from './model-id.ts';
import { hubSettings } from './settings.ts';
import { type DownloadObserver, fetchSnapshot } from './snapshot.ts';

/** Where a model lies, and what it is called. */
export interface ModelLocation {
  readonly directory: string;
  /** Last part of the directory or id. */
  readonly name: string;
  /** Where it was fetched from, if it was. */
  readonly hub?: HubRepository & { readonly commit: string };
}

/**
 * Finds a model by directory or hub id (`owner/name`, `name`, either with `@revision`). A directory wins. A hub model is
 * downloaded to the cache that Python's huggingface_hub uses, unless it is there; its environment variables (HF_HOME,
 * HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, proxies) mean what they mean there.
 *
 * @throws UserError naming the directory or id and what to do (`file-missing`, `hub-not-found`, `hub-access`,
 *   `hub-unavailable`, `hub-offline`); the reason of the observer's signal
 */
export async function resolveModel(text: string, observer: DownloadObserver = {}): Promise<ModelLocation> {
  observer.signal?.throwIfAborted();
  if (await fileExists(text)) return { directory: text, name: basename(resolve(text)) };
  const model = parseHubId(text);
  if (!model)
    throw new UserError(
      `${text}: the model directory does not exist (and this is no hub id: owner/name@revision)`,
      'file-missing',
    );
  const settings = hubSettings();
  for (const line of settings.warnings ?? []) observer.warn?.(line);
  try {
    const { directory, commit } = await fetchSnapshot(model, settings, observer);
    return { directory, name: basename(model.id), hub: { ...model, commit } };
  } catch (error) {
    throw fileError(settings.cache, 'the model cache', error);
  }
}
