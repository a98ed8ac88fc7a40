import type { Message, Way } from '../send.ts';

/** One request. Redirects are followed by the browser, which shows them to nobody, and keeps authorization from other sites. */
export function send(url: URL, message: Message, { fetch: ask = fetch }: Way): Promise<Response> {
  return ask(url, message);
}
