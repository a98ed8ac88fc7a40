import type { ProxyChoice } from './proxy.ts';

/** How a hub is asked. */
export interface HubConnection {
  /** Address of the hub, without a slash at its end, a user name or a password. */
  readonly endpoint: string;
  /** Sent to the endpoint alone. */
  readonly token?: string;
  /** Authorization for the user name and password of the endpoint: sent to it instead of the token, as in Python. */
  readonly authorization?: string;
  /** HTTP_PROXY and its kin; without it every connection is direct. */
  readonly proxies?: ProxyChoice;
  /** Pause in milliseconds before the second attempt at a request; each further one doubles it. */
  readonly retryDelay: number;
  /** Milliseconds without a byte from the hub after which an attempt is given up. */
  readonly stallTimeout: number;
  /** Why nothing may be asked, for the message, if that is so. */
  readonly offlineBy?: string;
  /** How messages call what the user can change; the environment variables and a directory if absent. */
  readonly names?: HubNames;
}

export interface HubNames {
  readonly endpoint: string;
  readonly token: string;
  /** Where a model may be read from instead. */
  readonly folder: string;
}

export const ENVIRONMENT_NAMES: HubNames = {
  endpoint: 'HF_ENDPOINT',
  token: 'HF_TOKEN',
  folder: 'a directory',
};
