import { rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { resolveDataset, resolveModel } from '@icl-gd/transformer';
import { TestHub } from '../../../packages/transformer/src/hub/test-server.ts';
import { mutate, mutateWord } from '../mutate.ts';
import type { Reader } from '../reader.ts';

const MODEL = join(import.meta.dirname, '../../fixtures/own-text-gpt2/model');
const OTHER = Buffer.from(
  '[{"type":"directory","path":"a"},{"type":"file","path":"..","size":-1,"oid":"x"},null]',
);
const HEADERS = [
  'X-Error-Message',
  'X-Error-Code',
  'Link',
  'Location',
  'ETag',
  'X-Linked-Size',
  'X-Repo-Commit',
  'Retry-After',
];
const STATUS = [200, 200, 200, 200, 206, 302, 401, 403, 404, 410, 418];

/** A hub whose answers are damaged. Waits between attempts make it slow, hence few. */
export const hub: Reader = {
  name: 'hub',
  share: 0.2,
  async prepare(folder) {
    const server = new TestHub(MODEL);
    for (const file of server.files.keys())
      if (file.endsWith('.safetensors')) server.files.set(file, Buffer.alloc(64));
    server.datasets.set(
      'own/data',
      new Map([
        ['train.jsonl', Buffer.from('{"a": 1}\n')],
        ['README.md', Buffer.from('---\n---\n')],
      ]),
    );
    const endpoint = await server.start();
    return async (random) => {
      const cache = join(folder, 'cache');
      rmSync(cache, { recursive: true, force: true });
      Object.assign(process.env, { HF_ENDPOINT: endpoint, HF_HUB_CACHE: cache, HF_TOKEN: '' });
      const damaged = random.integers(0, 6);
      let request = 0;
      server.fault = (_: IncomingMessage, response: ServerResponse): boolean => {
        if (request++ !== damaged) return false;
        damage(response, random);
        return false;
      };
      return random.integers(0, 2) === 0
        ? resolveModel('own/model')
        : resolveDataset('own/data', async (files) => files.filter((file) => file.endsWith('.jsonl')));
    };
  },
};

/** Lets the server answer as it would, with its bytes, status or a header changed. */
function damage(response: ServerResponse, random: Parameters<typeof mutate>[0]): void {
  const end = response.end.bind(response);
  const kind = random.integers(0, 3);
  const header = HEADERS[random.integers(0, HEADERS.length)]!;
  const words = ['"abc"', '12', '<http://127.0.0.1:1/x>; rel="next"', '/cdn/config.json', 'GatedRepo'];
  const value = mutateWord(random, words)
    .replaceAll(/[^\t\u{20}-\u{7e}\u{80}-\u{ff}]/gu, '')
    .slice(0, 2000);
  const status = STATUS[random.integers(0, STATUS.length)]!;
  const writeHead = response.writeHead.bind(response);
  response.writeHead = ((own: number, headers: Record<string, unknown> = {}) => {
    if (kind === 0) delete headers['Content-Length'];
    const changed = kind === 1 ? { ...headers, [header]: value } : headers;
    return writeHead(kind === 2 ? status : own, changed as never);
  }) as typeof response.writeHead;
  response.end = ((body?: unknown) => {
    if (kind !== 0 || body === undefined) return end(body as never);
    return end(mutate(random, Buffer.from(body as Buffer), OTHER));
  }) as typeof response.end;
}
