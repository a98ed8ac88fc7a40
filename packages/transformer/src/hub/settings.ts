import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { type Environment, expandPath, home, isTrue } from './environment.ts';
import type { HubConnection } from './connection.ts';
import { basicAuthorization, proxiesOf } from './proxies.ts';
import { shown } from '../words.ts';
import { findToken } from './token.ts';

/** Where models come from and where they are kept: the environment variables of Python's huggingface_hub. */
export interface HubSettings extends HubConnection {
  /** HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
  readonly cache: string;
  /** HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE (for datasets also HF_DATASETS_OFFLINE): the cache and nothing else. */
  readonly offline: boolean;
  /** What the user should know about the variables: lines of warning. */
  readonly warnings?: readonly string[];
}

/**
 * @param env environment variables; empty ones count as unset
 * @throws UserError if HF_ENDPOINT or a proxy is no address, or the token cannot be read or be one
 */
export function hubSettings(
  env: Environment = process.env,
  type: 'model' | 'dataset' = 'model',
): HubSettings {
  const warnings: string[] = [];
  const warn = (line: string): unknown => warnings.includes(line) || warnings.push(line);
  const folder = (name: string, fallback: () => string): string =>
    env[name] ? expandPath(env[name], name, env, warn) : fallback();
  const hubHome = folder('HF_HOME', () =>
    join(
      folder('XDG_CACHE_HOME', () => join(home(env), '.cache')),
      'huggingface',
    ),
  );
  const cache = folder('HF_HUB_CACHE', () => folder('HUGGINGFACE_HUB_CACHE', () => join(hubHome, 'hub')));
  const offlineBy = [
    env['HF_HUB_OFFLINE'] ? 'HF_HUB_OFFLINE' : 'TRANSFORMERS_OFFLINE',
    ...(type === 'dataset' ? ['HF_DATASETS_OFFLINE'] : []),
  ].find((name) => isTrue(env[name]));
  const { endpoint, authorization } = readEndpoint(env['HF_ENDPOINT'] || 'https://huggingface.co');
  const offline = offlineBy !== undefined;
  const settings = { endpoint, cache, offline, retryDelay: 1000, stallTimeout: 30_000, warnings };
  // Nothing is asked: neither a token nor a proxy is needed, and neither can be wrong.
  if (offline) return { ...settings, offlineBy };
  const found = isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])
    ? undefined
    : findToken(
        env,
        folder('HF_TOKEN_PATH', () => join(hubHome, 'token')),
      );
  const secret = authorization === undefined ? found?.source : 'the password of HF_ENDPOINT';
  if (secret !== undefined && isOpenToAll(new URL(endpoint)))
    warn(`${secret} is sent to ${endpoint} without encryption; use an https address in HF_ENDPOINT`);
  return {
    ...settings,
    proxies: proxiesOf(env),
    ...(found === undefined ? {} : { token: found.token }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function readEndpoint(text: string): { endpoint: string; authorization: string | undefined } {
  const written = text.replace(/\/+$/, '');
  // What stands before an @ may be a password.
  const safe = shown(written.replace(/^.*@/s, '…@').replace(/[?#].*$/s, '?…'));
  if (!/^https?:\/\/[^/]/i.test(written) || !URL.canParse(written))
    throw new UserError(`HF_ENDPOINT=${safe}: must be an address such as https://huggingface.co`);
  const url = new URL(written);
  if (url.search !== '' || url.hash !== '' || /[?#\s]/.test(written))
    throw new UserError(`HF_ENDPOINT=${safe}: must be an address without spaces, ? and #`);
  const authorization = basicAuthorization(url);
  const path = url.pathname.replace(/\/+$/, '');
  return { endpoint: `${url.origin}${path}`, authorization };
}

/** Whether others on the way can read what is sent there. */
function isOpenToAll({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
