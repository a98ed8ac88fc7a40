import type { z } from 'zod';
import { UserError } from '../errors.ts';
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
  const response = await client.request(url, AbortSignal.timeout(client.settings.stallTimeout), {
    Accept: 'application/json',
  });
  const bytes = await readAll(client, response);
  const value = parse(client, bytes);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw strange(client, expected);
  return { value: parsed.data, headers: response.headers, bytes: bytes.length };
}

/** An answer that no hub gives. */
export function strange({ repository, settings }: HubClient, what: string): UserError {
  return new UserError(
    `${repository.id}: ${settings.endpoint} ${what}; it does not seem to be a Hugging Face hub, check HF_ENDPOINT`,
  );
}

async function readAll(client: HubClient, response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      // Leaving the loop closes the connection.
      if (length > LARGEST_ANSWER) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw client.unreachable(error);
  }
  if (length > LARGEST_ANSWER) throw strange(client, `answers with more than ${LARGEST_ANSWER >> 20} MB`);
  return Buffer.concat(chunks);
}

function parse(client: HubClient, bytes: Buffer): unknown {
  if (depthOf(bytes) > DEEPEST_ANSWER) throw strange(client, 'answers in JSON that is nested too deep');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw strange(client, 'does not answer in JSON');
  }
}

/** How deep brackets stand inside each other: a parser takes minutes and gigabytes for millions of them. */
function depthOf(bytes: Buffer): number {
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
