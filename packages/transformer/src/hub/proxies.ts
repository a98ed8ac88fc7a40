import { isIPv4, isIPv6 } from 'node:net';
import { UserError } from '../errors.ts';
import type { Environment } from './environment.ts';
import type { Proxy, ProxyChoice } from './proxy.ts';

/** Addresses that a proxy is for, or that go without one. */
interface Rule {
  readonly scheme: string;
  /** Tests the host; any if absent. */
  readonly host?: RegExp;
  readonly hostLength: number;
  readonly port: string;
  readonly proxy?: Proxy;
}

/**
 * Reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY as httpx does, with which Python's huggingface_hub asks: the lower-
 * case name wins over the upper-case one, also if it is empty, and loopback is nothing special.
 *
 * NO_PROXY is a list by commas: `*` stands for everything, `example.com` for itself and what lies below, `.example.com` for
 * what lies below alone, an IP address or `localhost` for itself; networks (`10.0.0.0/8`) count for nothing but their address.
 */
export function proxiesOf(env: Environment): ProxyChoice {
  const rules: Rule[] = [];
  for (const scheme of ['http', 'https', 'all']) {
    const found = lookUp(env, `${scheme}_proxy`);
    // A CGI server sets HTTP_PROXY from a header of whoever asks.
    if (found && !(found.variable === 'HTTP_PROXY' && env['REQUEST_METHOD'] !== undefined))
      rules.push({
        scheme: scheme === 'all' ? '' : scheme,
        hostLength: 0,
        port: '',
        proxy: readProxy(found.value, found.variable),
      });
  }
  if (rules.length === 0) return () => undefined;
  const without = (lookUp(env, 'no_proxy')?.value ?? '').split(',').map((entry) => entry.trim());
  if (without.includes('*')) return () => undefined;
  for (const entry of without) if (entry !== '') rules.push(exception(entry));
  // The most particular first: a port, then the longer name, then a scheme.
  rules.sort(
    (a, b) =>
      Number(b.port !== '') - Number(a.port !== '') ||
      b.hostLength - a.hostLength ||
      b.scheme.length - a.scheme.length,
  );
  return (url) => rules.find((rule) => matches(rule, url))?.proxy;
}

function matches({ scheme, host, port }: Rule, url: URL): boolean {
  return (
    (scheme === '' || `${scheme}:` === url.protocol) &&
    (host === undefined || host.test(url.hostname.replaceAll(/[[\]]/g, ''))) &&
    (port === '' || port === url.port)
  );
}

function lookUp(env: Environment, name: string): { variable: string; value: string } | undefined {
  const names = Object.keys(env).filter(
    (variable) => variable.toLowerCase() === name && env[variable] !== undefined,
  );
  const variable = names.includes(name) ? name : names.toSorted().at(-1);
  const value = variable === undefined ? undefined : env[variable];
  return variable !== undefined && value ? { variable, value } : undefined;
}

function readProxy(value: string, variable: string): Proxy {
  const written = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  // The value may hold a password: it is not shown.
  if (!url?.hostname)
    throw new UserError(`${variable} is no address of a proxy; write it as http://host:port, or unset it`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UserError(
      `${variable} names a proxy of the kind ${url.protocol}//, which is not supported; use an http proxy, or put the hub's host into NO_PROXY`,
    );
  const authorization = basicAuthorization(url);
  return { address: url.origin, variable, ...(authorization === undefined ? {} : { authorization }) };
}

/** The value of an Authorization header for the user name and password in an address, if it has any. */
export function basicAuthorization({
  username,
  password,
}: Readonly<Record<'username' | 'password', string>>): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function exception(entry: string): Rule {
  const [, scheme = '', rest = entry] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(entry) ?? [];
  const address = rest.split('/')[0] ?? '';
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(address);
  const [, name = '', port = ''] = isIPv6(address)
    ? [address, address]
    : bracketed
      ? [address, bracketed[1], bracketed[2]]
      : (/^(.*?)(?::(\d+))?$/.exec(address) ?? []);
  const host = name.toLowerCase();
  const exact = scheme !== '' || isIPv4(host) || isIPv6(host) || host === 'localhost';
  const escaped = host.replace(/^\./, '').replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const before = exact ? '' : host.startsWith('.') ? String.raw`.+\.` : String.raw`(.+\.)?`;
  return {
    scheme: scheme.toLowerCase() === 'all' ? '' : scheme.toLowerCase(),
    ...(host === '' ? {} : { host: new RegExp(`^${before}${escaped}$`, 'i') }),
    hostLength: host.length + (exact ? 0 : 1),
    port,
  };
}
