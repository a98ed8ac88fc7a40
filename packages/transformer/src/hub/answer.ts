import type { z } from 'zod';
import { UserError } from '../errors.ts';
import { Exchange } from '../source/transfer.ts';
import type { HubClient } from './http.ts';

/** Bytes of one answer, unpacked. A page of the hub's list of files, a thousand of them, has less than half a million. */
const LARGEST_ANSWER = 16 << 20;
/** Brackets inside brackets; an answer of the hub has five. */
const DEEPEST_ANSWER = 64;

/** An answer in JSON, with what its headers say. */
interface Answer<T> {
  readonly value: T;
  readonly headers: Headers;
  readonly bytes: number;
}

/**
 * Asks for JSON of a known shape, of limited size, in limited time.
 * @throws UserError if the answer has another shape or is too large, else as `HubClient.request`
 */
export async function ask<T>(
  client: HubClient,
  url: string,
  schema: z.ZodType<T>,
  expected: string,
): Promise<Answer<T>> {
  const { stallTimeout } = client.settings;
  const exchange = new Exchange([client.signal, AbortSignal.timeout(stallTimeout)], stallTimeout);
  let response: Response;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    response = await client.request(url, exchange.signal, { Accept: 'application/json' });
    bytes = await readAll(client, exchange, response);
  } finally {
    exchange.end();
  }
  const value = parse(client, bytes);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw strange(client, expected);
  return { value: parsed.data, headers: response.headers, bytes: bytes.length };
}

/** An answer that no hub gives. */
export function strange({ repository, settings, names }: HubClient, what: string): UserError {
  return new UserError(
    `${repository.id}: ${settings.endpoint} ${what}; it does not seem to be a Hugging Face hub, check ${names.endpoint}`,
  );
}

async function readAll(
  client: HubClient,
  exchange: Exchange,
  response: Response,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await exchange.bytes(response, LARGEST_ANSWER);
  } catch (error) {
    if (error instanceof RangeError)
      throw strange(client, `answers with more than ${LARGEST_ANSWER >> 20} MB`);
    client.signal?.throwIfAborted();
    throw client.unreachable(error);
  }
}

function parse(client: HubClient, bytes: Uint8Array): unknown {
  if (depthOf(bytes) > DEEPEST_ANSWER) throw strange(client, 'answers in JSON that is nested too deep');
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw strange(client, 'does not answer in JSON');
  }
}

/** How deep brackets stand inside each other: a parser takes minutes and gigabytes for millions of them. */
function depthOf(bytes: Uint8Array): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let i = 0; i < bytes.length && deepest <= DEEPEST_ANSWER; i++) {
    const byte = bytes[i];
    if (quoted && byte === 0x5c) i++;
    else if (byte === 0x22) quoted = !quoted;
    else if (!quoted && (byte === 0x5b || byte === 0x7b)) deepest = Math.max(deepest, ++depth);
    else if (!quoted && (byte === 0x5d || byte === 0x7d)) depth--;
  }
  return deepest;
}
