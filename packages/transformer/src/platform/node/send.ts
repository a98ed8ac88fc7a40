import type { Dispatcher } from 'undici';
import type { Message, Way } from '../send.ts';

/** One a proxy, as each keeps connections open. */
const agents = new Map<string, Dispatcher>();

/** One request, directly or through a proxy; redirects are not followed. */
export async function send(
  url: URL,
  message: Message,
  { proxy, fetch: ask = fetch }: Way,
): Promise<Response> {
  const init = { ...message, redirect: 'manual' as const };
  if (proxy === undefined) return ask(url, init);
  // Node's own fetch takes no proxy from a program, and those of the environment only by an option that Node is started with.
  const { ProxyAgent, fetch: fetchThrough } = await import('undici');
  const { address, authorization } = proxy;
  const key = `${address} ${authorization ?? ''}`;
  const agent =
    agents.get(key) ??
    new ProxyAgent({
      uri: address,
      // Plain http is asked of the proxy itself, as Python's clients do; many refuse a tunnel to port 80.
      proxyTunnel: false,
      ...(authorization === undefined ? {} : { token: authorization }),
    });
  agents.set(key, agent);
  // The same class but for its declaration.
  return (await fetchThrough(url, { ...init, dispatcher: agent })) as unknown as Response;
}
