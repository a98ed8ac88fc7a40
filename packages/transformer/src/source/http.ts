import type { Fetch } from '../platform/send.ts';
import { UserError } from '../errors.ts';
import { MODEL_FILES } from './model-files.ts';
import { RangedFile } from './ranged-file.ts';
import { type ModelSource, type SourceFile, SourceFileError } from './source.ts';
import { TransferError } from './transfer.ts';

/** How a folder on a web server is read. */
export interface HttpOptions {
  /** The files that there are, if it is known; any other is then never asked for. */
  readonly files?: readonly string[];
  /** Instead of the platform's own. */
  readonly fetch?: Fetch;
  /** Ends everything that is read from the source. */
  readonly signal?: AbortSignal | undefined;
  /** Sent with each request: `Authorization`, for example. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Pause in milliseconds before the second of four attempts at a request, doubled before each further one; 1000 if absent. */
  readonly retryDelay?: number;
}

const STALL_TIMEOUT = 30_000;

/**
 * A folder of static files on any web server, read by ranges where the server sends them. A file that it answers with 404
 * or with a page (text/html, as servers of applications do) does not exist.
 * @param url of the folder; in a browser it may be relative to the page
 * @throws UserError if it is no address
 */
export function httpSource(url: string | URL, options: HttpOptions = {}): ModelSource {
  return new HttpSource(folderAddress(url), options);
}

function folderAddress(url: string | URL): URL {
  const { location } = globalThis as { location?: { href: string } };
  const text = String(url);
  const address = URL.canParse(text, location?.href) ? new URL(text, location?.href) : undefined;
  if (!address || !/^https?:$/.test(address.protocol))
    throw new UserError(`${text}: is no address of a folder on a web server, such as https://host/folder`);
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  address.hash = '';
  return address;
}

class HttpSource implements ModelSource {
  readonly name: string;
  readonly #folder: URL;
  readonly #options: HttpOptions;
  readonly #files = new Map<string, RangedFile>();

  constructor(folder: URL, options: HttpOptions) {
    this.#folder = folder;
    this.#options = options;
    this.name = decodeURIComponent(folder.pathname.split('/').at(-2) || folder.host);
  }

  locate(file: string): string {
    const { origin, pathname } = this.#address(file);
    // Without what follows a question mark, which may be a secret; and read by people.
    return `${origin}${file === '' ? pathname.replace(/\/$/, '') : pathname}`;
  }

  async list(): Promise<SourceFile[]> {
    const files: SourceFile[] = [];
    for (const name of this.#options.files ?? MODEL_FILES) {
      const found = await this.stat(name);
      if (found) files.push(found);
    }
    return files;
  }

  async stat(
    file: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<SourceFile | undefined> {
    if (this.#options.files && !this.#options.files.includes(file)) return undefined;
    const bytes = await this.#file(file).size(options.signal);
    return bytes === undefined ? undefined : { name: file, bytes };
  }

  read: ModelSource['read'] = (file, offset, length, options) =>
    this.#file(file).read(offset, length, options);

  #address(file: string): URL {
    const address = new URL(this.#folder);
    address.pathname += file.split('/').map(encodeURIComponent).join('/');
    return address;
  }

  #file(name: string): RangedFile {
    const { retryDelay = 1000, signal } = this.#options;
    let file = this.#files.get(name);
    if (!file) {
      file = new RangedFile({
        ...{ retryDelay, signal, stallTimeout: STALL_TIMEOUT, place: this.locate(name) },
        request: (headers, ended, method) => this.#request(name, headers, ended, method),
      });
      this.#files.set(name, file);
    }
    return file;
  }

  async #request(
    file: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    method?: 'HEAD',
  ): Promise<Response | undefined> {
    const { fetch: ask = fetch, headers: own } = this.#options;
    const response = await ask(this.#address(file), {
      headers: { ...own, ...headers },
      signal,
      ...(method && { method }),
    });
    const { status } = response;
    const isPage = /^text\/html\b/i.test(response.headers.get('Content-Type') ?? '');
    if ((status === 200 || status === 206) && !isPage) return response;
    if (status === 416) return response;
    await response.body?.cancel().catch(() => {});
    if (isPage && status < 300) return undefined;
    if (status === 404 || status === 410) return undefined;
    const place = this.locate(file);
    if (status === 401 || status === 403)
      throw new SourceFileError(
        place,
        `may not be read (${status}); if that is the server's way to say that there is none, give the names of those that there are: httpSource(url, { files })`,
      );
    if (status >= 500 || status === 408 || status === 429)
      throw new TransferError(`${place}: the server fails (${status}); try again later`);
    throw new SourceFileError(place, `is refused by the server (${status})`);
  }
}
