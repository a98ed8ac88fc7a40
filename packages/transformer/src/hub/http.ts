import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import type { HubRepository, RepositoryType } from './model-id.ts';
import type { HubSettings } from './settings.ts';

const ATTEMPTS = 4;
const LONGEST_PAUSE = 30_000;

/** The hub could not answer now: another attempt may work, and what is in the cache may serve. */
export class HubUnavailableError extends UserError {
  /** Milliseconds that the hub asks to wait. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter = 0) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Requests for one repository. */
export class HubClient {
  readonly settings: HubSettings;
  readonly repository: HubRepository;
  readonly type: RepositoryType;

  constructor(settings: HubSettings, repository: HubRepository, type: RepositoryType = 'model') {
    this.settings = settings;
    this.repository = repository;
    this.type = type;
  }

  /** Where a browser shows the repository, and its files' addresses begin. */
  get page(): string {
    return `${this.settings.endpoint}/${this.type === 'dataset' ? 'datasets/' : ''}${this.repository.id}`;
  }

  /**
   * One request, with the token if it goes to the hub itself.
   * @returns a response with a status of success
   * @throws HubUnavailableError if there is no network, or the hub limits requests or fails; UserError for a refusal
   */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const { endpoint, token, stallTimeout } = this.settings;
    const headers = new Headers(init.headers);
    if (token && new URL(url).origin === new URL(endpoint).origin)
      headers.set('Authorization', `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(url, { signal: AbortSignal.timeout(stallTimeout), ...init, headers });
    } catch (error) {
      throw this.unreachable(error);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw this.#refusal(response);
  }

  /**
   * Repeats an attempt while the hub is unavailable, with growing pauses.
   * @param progress grows when an attempt achieved something: then the count of attempts starts anew
   */
  async withRetries<T>(attempt: () => Promise<T>, progress: () => number = () => 0): Promise<T> {
    let reached = progress();
    for (let failures = 1; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof HubUnavailableError)) throw error;
        if (progress() > reached) failures = 1;
        reached = progress();
        if (failures >= ATTEMPTS) throw error;
        const pause = Math.max(error.retryAfter, this.settings.retryDelay * 2 ** (failures - 1));
        if (pause > LONGEST_PAUSE) throw error;
        await sleep(pause);
      }
    }
  }

  /** A failure of the network in words. */
  unreachable(error: unknown): HubUnavailableError {
    const { name, message, cause } = error as Error;
    const reason =
      name === 'TimeoutError' || name === 'AbortError'
        ? 'no answer in time'
        : ((cause as { code?: string } | undefined)?.code ?? message);
    return new HubUnavailableError(
      `${this.repository.id}: cannot reach ${this.settings.endpoint} (${reason}); check the network and HF_ENDPOINT, or give a directory`,
    );
  }

  #refusal({ status, headers }: Response): UserError {
    const { repository, settings } = this;
    const { id, revision } = repository;
    const what = this.type === 'dataset' ? 'dataset' : 'model';
    const code = headers.get('X-Error-Code');
    switch (status) {
      case 401:
        return new UserError(
          settings.token
            ? `${id}: the hub does not accept the token (401); check HF_TOKEN and the spelling of the id`
            : `${id}: the hub wants a token (401): the ${what} is private, gated or does not exist; check the id, set HF_TOKEN`,
        );
      case 403:
        return new UserError(
          `${id}: access is refused (403); ask for it at ${this.page} and set HF_TOKEN to a token that may read it`,
        );
      case 404:
        return new UserError(
          code === 'RevisionNotFound'
            ? `${id}: the hub has no revision "${revision}" of it (404); give a branch, tag or commit after @`
            : `${id}: neither a directory here nor a ${what} on ${settings.endpoint} (404); check the spelling`,
        );
      case 429: {
        const seconds = Number(headers.get('Retry-After') ?? 0);
        return new HubUnavailableError(
          `${id}: the hub limits requests (429); try again later, with HF_TOKEN set if it is not`,
          Number.isFinite(seconds) ? seconds * 1000 : 0,
        );
      }
      default:
        return status >= 500
          ? new HubUnavailableError(`${id}: ${settings.endpoint} fails (${status}); try again later`)
          : new UserError(
              `${id}: ${settings.endpoint} refuses the request (${status}${code ? ` ${code}` : ''})`,
            );
    }
  }
}
