import type { Proxy } from '../hub/proxy.ts';

/** What is sent. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * The `fetch` of browsers and Node, or one like it. Public declarations do not name the platform's own, which some
 * programs lack.
 */
export type Fetch = (
  url: URL,
  init: {
    readonly method?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly redirect?: 'follow' | 'error' | 'manual';
  },
) => Promise<Response>;

/** How it is sent. */
export interface Way {
  readonly proxy?: Proxy | undefined;
  /** Instead of the platform's own. */
  readonly fetch?: Fetch | undefined;
}
