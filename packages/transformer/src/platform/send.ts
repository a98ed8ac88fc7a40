import type { Proxy } from '../hub/proxy.ts';

/** What is sent. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** How it is sent. */
export interface Way {
  readonly proxy?: Proxy | undefined;
  /** Instead of the platform's own. */
  readonly fetch?: typeof fetch | undefined;
}
