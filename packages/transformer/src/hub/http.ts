import type { Fetch } from '../platform/send.ts';
import { send } from '#platform/send.ts';
import { UserError } from '../errors.ts';
import type { HubRepository, RepositoryType } from './model-id.ts';
import { pause } from '../source/transfer.ts';
import { ENVIRONMENT_NAMES, type HubConnection, type HubNames } from './connection.ts';
import { networkReason } from './network-reason.ts';

const ATTEMPTS = 4;
const LONGEST_PAUSE = 30_000;
const MOST_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];

/** The hub could not answer now: another attempt may work, and what is in the cache may serve. */
export class HubUnavailableError extends UserError {
  /** Milliseconds that the hub asks to wait; Infinity if another attempt will not do better. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter = 0) {
    super(message, 'hub-unavailable');
    this.retryAfter = retryAfter;
  }
}

/** Requests for one repository. */
export class HubClient {
  readonly settings: HubConnection;
  readonly repository: HubRepository;
  readonly type: RepositoryType;
  /** Ends requests and pauses: they reject with its reason. */
  readonly signal: AbortSignal | undefined;
  readonly #fetch: Fetch | undefined;

  constructor(
    settings: HubConnection,
    repository: HubRepository,
    type: RepositoryType = 'model',
    signal?: AbortSignal,
    own?: Fetch,
  ) {
    this.settings = settings;
    this.repository = repository;
    this.type = type;
    this.signal = signal;
    this.#fetch = own;
  }

  /** How messages call what the user can change. */
  get names(): HubNames {
    return this.settings.names ?? ENVIRONMENT_NAMES;
  }

  /** Where a browser shows the repository, and its files' addresses begin. */
  get page(): string {
    return `${this.settings.endpoint}/${this.type === 'dataset' ? 'datasets/' : ''}${this.repository.id}`;
  }

  /** Where the hub answers questions about the repository. */
  get api(): string {
    return `${this.settings.endpoint}/api/${this.type}s/${this.repository.id}`;
  }

  /**
   * One request, redirects followed, with the token wherever it goes to the hub itself.
   * @param signal ends the request and the reading of its answer
   * @returns a response with a status of success
   * @throws HubUnavailableError if there is no network, or the hub limits requests or fails; UserError for a refusal; the
   *   reason of the client's signal
   */
  async request(
    url: string,
    signal: AbortSignal,
    extra: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const { endpoint, token, authorization } = this.settings;
    const secret = authorization ?? (token && `Bearer ${token}`);
    let target = new URL(url);
    const either = this.signal ? AbortSignal.any([this.signal, signal]) : signal;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const headers: Record<string, string> = { ...extra };
      if (secret && target.origin === new URL(endpoint).origin) headers['Authorization'] = secret;
      let response: Response;
      try {
        const through = { proxy: this.settings.proxies?.(target), fetch: this.#fetch };
        response = await send(target, { headers, signal: either }, through);
      } catch (error) {
        this.signal?.throwIfAborted();
        throw this.unreachable(error, target);
      }
      if (response.ok) return response;
      await response.body?.cancel().catch(() => {});
      const next = response.headers.get('Location');
      if (!REDIRECTS.includes(response.status) || next === null) throw this.#refusal(response);
      target = this.#redirected(next, target);
    }
    throw new HubUnavailableError(
      `${this.repository.id}: ${endpoint} redirects in a circle; check ${this.names.endpoint}`,
      Infinity,
    );
  }

  /**
   * Repeats an attempt while the hub is unavailable, with growing pauses.
   * @param progress grows when an attempt achieved something: then the count of attempts starts anew
   * @param most attempts in all
   */
  async withRetries<T>(
    attempt: () => Promise<T>,
    progress: () => number = () => 0,
    most = Infinity,
  ): Promise<T> {
    let reached = progress();
    for (let failures = 1, attempts = 1; ; failures++, attempts++) {
      this.signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        // What an abort breaks off looks like a failure of the network.
        this.signal?.throwIfAborted();
        if (!(error instanceof HubUnavailableError)) throw error;
        if (progress() > reached) failures = 1;
        reached = progress();
        if (failures >= ATTEMPTS || attempts >= most) throw error;
        const delay = Math.max(error.retryAfter, this.settings.retryDelay * 2 ** (failures - 1));
        if (delay > LONGEST_PAUSE) throw error;
        await pause(delay, this.signal);
      }
    }
  }

  /** A failure of the network in words. */
  unreachable(error: unknown, at?: { readonly href: string }): HubUnavailableError {
    const { reason, lasting } = networkReason(error);
    const { names } = this;
    const { endpoint, proxies } = this.settings;
    const target = new URL(at?.href ?? endpoint);
    const host = target.origin === new URL(endpoint).origin ? endpoint : target.origin;
    const proxy = proxies?.(target);
    const through = proxy ? ` through the proxy ${proxy.address} of ${proxy.variable}` : '';
    const check = /certificate/.test(reason)
      ? 'name the file with the certificates of your network in NODE_EXTRA_CA_CERTS'
      : /user name/.test(reason)
        ? `write them into ${proxy?.variable}, as http://name:password@host:port`
        : `check the network${proxy ? `, ${proxy.variable}` : ''} and ${names.endpoint}`;
    return new HubUnavailableError(
      `${this.repository.id}: cannot reach ${host}${through} (${reason}); ${check}, or give ${names.folder}`,
      lasting ? Infinity : 0,
    );
  }

  #redirected(location: string, from: URL): URL {
    const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (next && /^https?:$/.test(next.protocol) && next.username === '' && next.password === '') return next;
    throw new UserError(
      `${this.repository.id}: ${from.origin} redirects to what is no address of the web; check ${this.names.endpoint}`,
    );
  }

  #refusal({ status, headers }: Response): UserError {
    const { repository, settings, names } = this;
    const { id, revision } = repository;
    const what = this.type === 'dataset' ? 'dataset' : 'model';
    const code = /^[\w.-]{1,64}$/.exec(headers.get('X-Error-Code') ?? '')?.[0];
    switch (status) {
      case 401:
        return new UserError(
          settings.token || settings.authorization
            ? `${id}: the hub does not accept the ${settings.authorization ? `password of ${names.endpoint}` : 'token'} (401); check ${settings.authorization ? names.endpoint : names.token} and the spelling of the id`
            : `${id}: the hub wants a token (401): the ${what} is private, gated or does not exist; check the id, set ${names.token}`,
          'hub-access',
        );
      case 403:
        return new UserError(
          `${id}: access is refused (403); ask for it at ${this.page} and set ${names.token} to a token that may read it`,
          'hub-access',
        );
      case 404:
        return new UserError(
          code === 'RevisionNotFound'
            ? `${id}: the hub has no revision "${revision}" of it (404); give a branch, tag or commit after @`
            : `${id}: neither ${names.folder} here nor a ${what} on ${settings.endpoint} (404); check the spelling`,
          'hub-not-found',
        );
      case 429: {
        const seconds = Number(headers.get('Retry-After') ?? 0);
        return new HubUnavailableError(
          `${id}: the hub limits requests (429); try again later, with ${names.token} set if it is not`,
          Number.isFinite(seconds) ? seconds * 1000 : 0,
        );
      }
      default:
        return status >= 500 || status === 408
          ? new HubUnavailableError(`${id}: ${settings.endpoint} fails (${status}); try again later`)
          : new UserError(
              `${id}: ${settings.endpoint} refuses the request (${status}${code ? ` ${code}` : ''})`,
            );
    }
  }
}
