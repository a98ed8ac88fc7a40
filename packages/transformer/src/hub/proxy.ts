/** A proxy server. */
export interface Proxy {
  /** Without user name and password. */
  readonly address: string;
  /** Value of Proxy-Authorization, if the address has a user name or password. */
  readonly authorization?: string;
  /** The environment variable that names it. */
  readonly variable: string;
}

/** Which proxy requests take; undefined for a direct connection. */
export type ProxyChoice = (url: URL) => Proxy | undefined;
