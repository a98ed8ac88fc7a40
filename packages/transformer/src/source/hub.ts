import type { Fetch } from '../platform/send.ts';
import { hubConnection } from '#platform/hub-connection.ts';
import { readShardIndex } from '../checkpoint/shard-index.ts';
import { isIndex } from '../checkpoint/weight-files.ts';
import { UserError } from '../errors.ts';
import { chooseFiles } from '../hub/choose-files.ts';
import type { HubConnection } from '../hub/connection.ts';
import { HubClient, HubUnavailableError } from '../hub/http.ts';
import { parseHubId } from '../hub/model-id.ts';
import { type RemoteFile, fileUrl, isCommit, listRepository, resolveCommit } from '../hub/repository.ts';
import type { Progress } from '../long-running.ts';
import { shown } from '../words.ts';
import { RangedFile } from './ranged-file.ts';
import { MISSING, type ModelSource, type SourceFile, SourceFileError } from './source.ts';
import { TransferError } from './transfer.ts';

/** How a model is read from a hub. */
export interface HubOptions {
  /** Address of the hub; https://huggingface.co if absent, in Node what HF_ENDPOINT says. */
  readonly endpoint?: string;
  /** For private and gated models, sent to the endpoint alone; in Node what HF_TOKEN or `hf auth login` says if absent. */
  readonly token?: string;
  /** Instead of the platform's own. */
  readonly fetch?: Fetch;
  /** Ends everything that is read from the source. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes have arrived, of all that the model's files have. */
  readonly onProgress?: ((done: Progress) => void) | undefined;
  /** Pause in milliseconds before the second of four attempts at a request, doubled before each further one; 1000 if absent. */
  readonly retryDelay?: number;
}

/**
 * The files of a model on the hub, read there by ranges at the commit that the revision is when it is first asked: nothing is
 * kept on disk (in Node {@link resolveModel} downloads to the cache). The same files are chosen as for the cache.
 * @param id `owner/name` or `name`, either with `@revision`
 * @throws UserError if it cannot be an id, or the endpoint no address
 */
export function hubSource(id: string, options: HubOptions = {}): ModelSource {
  const repository = typeof id === 'string' ? parseHubId(id) : undefined;
  if (!repository)
    throw new UserError(
      `${shown(String(id))}: this is no hub id; expected owner/name or owner/name@revision`,
    );
  const client = new HubClient(connectionOf(options), repository, 'model', options.signal, options.fetch);
  return new HubSource(client, options.onProgress);
}

function connectionOf({ endpoint, token, retryDelay }: HubOptions): HubConnection {
  const { authorization, token: known, ...rest } = hubConnection();
  const isOwn = endpoint !== undefined;
  const { href, protocol, search, hash } =
    isOwn && URL.canParse(endpoint) ? new URL(endpoint) : new URL('none:');
  if (isOwn && (!/^https?:$/.test(protocol) || search !== '' || hash !== ''))
    throw new UserError(
      `endpoint ${shown(endpoint)}: must be the address of a hub, such as https://huggingface.co`,
    );
  // What the environment has for its own endpoint goes to no other.
  const secrets = { ...(authorization && { authorization }), ...(known && { token: known }) };
  return {
    ...rest,
    ...(isOwn ? { endpoint: href.replace(/\/+$/, '') } : secrets),
    ...(token !== undefined && { token }),
    ...(retryDelay !== undefined && { retryDelay }),
  };
}

class HubSource implements ModelSource {
  readonly name: string;
  readonly hubId: string;
  readonly #client: HubClient;
  readonly #onProgress: HubOptions['onProgress'];
  #files: Promise<ReadonlyMap<string, HubFile>> | undefined;
  #arrived = 0;

  constructor(client: HubClient, onProgress: HubOptions['onProgress']) {
    this.#client = client;
    this.#onProgress = onProgress;
    this.hubId = client.repository.id;
    this.name = this.hubId.split('/').at(-1) as string;
  }

  locate(file: string): string {
    return file === '' ? this.hubId : `${this.hubId}/${file}`;
  }

  async list(): Promise<SourceFile[]> {
    return Array.from(await this.#opened(), ([name, { bytes }]) => ({ name, bytes }));
  }

  async stat(file: string): Promise<SourceFile | undefined> {
    const found = (await this.#opened()).get(file);
    return found && { name: file, bytes: found.bytes };
  }

  read: ModelSource['read'] = async (name, offset, length, options) => {
    const files = await this.#opened();
    const file = files.get(name);
    if (!file) throw new SourceFileError(this.locate(name), MISSING);
    return file.reader.read(offset, length, options);
  };

  #opened(): Promise<ReadonlyMap<string, HubFile>> {
    this.#files ??= this.#open().catch((error: unknown) => {
      this.#files = undefined;
      throw error;
    });
    return this.#files;
  }

  /** Chooses the files: configuration, tokenizer, and the weights with their shards. */
  async #open(): Promise<ReadonlyMap<string, HubFile>> {
    const client = this.#client;
    const { offlineBy } = client.settings;
    if (offlineBy !== undefined)
      throw new UserError(
        `${this.hubId}: ${offlineBy} is set, and this reads from the hub; unset it`,
        'hub-offline',
      );
    const { revision } = client.repository;
    const commit = isCommit(revision) ? revision : await resolveCommit(client);
    const listed = await listRepository(client, commit);
    const files = new Map<string, HubFile>();
    const add = (path: string): void => {
      const file = listed.get(path);
      if (!file)
        throw new UserError(
          `${this.hubId}: its shard index names ${shown(path)}, which the repository does not have`,
        );
      files.set(path, { bytes: file.size, reader: this.#reader(file, commit, files) });
    };
    const chosen = chooseFiles(listed, this.hubId);
    for (const path of chosen) add(path);
    const index = chosen.find(isIndex);
    if (index !== undefined) for (const shard of await this.#shards(files, index)) add(shard);
    return files;
  }

  async #shards(files: ReadonlyMap<string, HubFile>, index: string): Promise<ReadonlySet<string>> {
    const source: ModelSource = {
      name: this.name,
      list: async () => Array.from(files, ([name, { bytes }]) => ({ name, bytes })),
      read: (name, offset, length) => (files.get(name) as HubFile).reader.read(offset, length),
      locate: (file) => this.locate(file),
    };
    return new Set((await readShardIndex(source, index)).values());
  }

  #reader(file: RemoteFile, commit: string, files: ReadonlyMap<string, HubFile>): RangedFile {
    const client = this.#client;
    const url = fileUrl(client, commit, file.path);
    const server = {
      ...client.settings,
      place: this.locate(file.path),
      signal: client.signal,
      request: (headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
        askFor(client, url, headers, signal),
      onBytes: (bytes: number) => this.#count(bytes, files),
    };
    return new RangedFile(server, file.size);
  }

  #count(bytes: number, files: ReadonlyMap<string, HubFile>): void {
    if (!this.#onProgress) return;
    this.#arrived += bytes;
    const total = Array.from(files.values()).reduce((sum, file) => sum + file.bytes, 0);
    // What was asked for twice does not count twice.
    this.#onProgress({ finished: Math.min(this.#arrived, total), total });
  }
}

interface HubFile {
  readonly bytes: number;
  readonly reader: RangedFile;
}

async function askFor(
  client: HubClient,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await client.request(url, signal, headers);
  } catch (error) {
    if (error instanceof HubUnavailableError && error.retryAfter < Infinity)
      throw new TransferError(error.message, error.retryAfter);
    throw error;
  }
}
