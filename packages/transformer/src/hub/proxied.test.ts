import { type IncomingMessage, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { resolveModel } from './resolve-model.ts';
import { TestHub } from './test-server.ts';

const MODEL = join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model');

/** What was asked of the proxy: method, address, and the credentials. */
let asked: string[];
let answers: (message: IncomingMessage) => number;
const proxy = createServer((message, response) => {
  asked.push(`${message.method} ${message.url} ${message.headers['proxy-authorization'] ?? ''}`.trim());
  const status = answers(message);
  if (status !== 200) return void response.writeHead(status).end();
  const { pathname, search } = new URL(message.url ?? '');
  const headers = { ...message.headers, host: `127.0.0.1:${hubPort}` };
  const path = pathname + search;
  request({ host: '127.0.0.1', port: hubPort, method: message.method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    answer.pipe(response);
  }).end();
});
proxy.on('connect', (message: IncomingMessage, socket) => {
  asked.push(`${message.method} ${message.url} ${message.headers['proxy-authorization'] ?? ''}`.trim());
  const status = answers(message);
  socket.write(`HTTP/1.1 ${status} x\r\n\r\n`);
  if (status === 200) socket.pipe(connect(hubPort, '127.0.0.1')).pipe(socket);
  else socket.end();
});

let hub: TestHub;
let hubPort: number;
let home: string;
let address: string;
beforeEach(async () => {
  asked = [];
  answers = () => 200;
  hub = new TestHub(MODEL);
  hubPort = Number(new URL(await hub.start()).port);
  home = await mkdtemp(join(tmpdir(), 'hub-proxied-'));
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const unset = ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'];
  for (const name of [...unset, 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE']) vi.stubEnv(name, '');
  for (const scheme of ['http', 'https', 'all', 'no'])
    for (const name of [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`]) vi.stubEnv(name, undefined);
  vi.stubEnv('HF_HOME', home);
  // No such host: only the proxy knows it.
  vi.stubEnv('HF_ENDPOINT', 'http://hub.invalid');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  proxy.closeAllConnections();
  await new Promise<unknown>((done) => proxy.close(done));
  await hub.stop();
  await rm(home, { recursive: true });
});

it.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])(
  'a model is fetched through %s, redirects, user name and password included',
  async (name) => {
    vi.stubEnv(name, `http://me:p%40ss@${address}`);
    vi.stubEnv('HF_TOKEN', 'hf_token');
    hub.token = 'hf_token';
    const warnings: string[] = [];
    const { hub: found } = await resolveModel('own/model', { warn: (line) => warnings.push(line) });
    expect(found?.commit).toBe(hub.commit);
    const secret = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(asked.length).toBeGreaterThan(5);
    for (const line of asked) expect(line).toMatch(/^GET http:\/\/hub\.invalid\//);
    for (const line of asked) expect(line.endsWith(` ${secret}`)).toBe(true);
    expect(asked.some((line) => line.includes('/cdn/model.safetensors'))).toBe(true);
    expect(warnings).toEqual([
      expect.stringMatching(/^HF_TOKEN is sent to http:\/\/hub\.invalid without enc/),
    ]);
  },
);

it('an https hub is reached through a tunnel', async () => {
  vi.stubEnv('HF_ENDPOINT', 'https://hub.invalid');
  vi.stubEnv('https_proxy', address);
  // The hub of this test has no certificate.
  await expect(resolveModel('own/model')).rejects.toThrow(
    /^own\/model: cannot reach https:\/\/hub\.invalid through the proxy http:\/\/127\.0\.0\.1:\d+ of https_proxy \(E[A-Z_]+\)/,
  );
  expect(asked).toEqual(['CONNECT hub.invalid:443']);
});

it('what NO_PROXY names is asked directly', async () => {
  vi.stubEnv('HTTP_PROXY', `http://${address}`);
  vi.stubEnv('NO_PROXY', 'example.com,127.0.0.1');
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${hubPort}`);
  await resolveModel('own/model');
  expect(asked).toEqual([]);
  vi.stubEnv('NO_PROXY', 'example.com');
  await resolveModel('own/model');
  expect(asked).toEqual([`GET http://127.0.0.1:${hubPort}/api/models/own/model/revision/main?expand=sha`]);
});

it.each([
  [
    'http://hub.invalid',
    407,
    /of ALL_PROXY \(it wants a user name and a password, 407\); write them into ALL_PROXY/,
  ],
  [
    'https://hub.invalid',
    407,
    /through the proxy http:\/\/127\.0\.0\.1:\d+ of ALL_PROXY \(it wants a user name and a password, 407\)/,
  ],
  [
    'https://hub.invalid',
    403,
    /of ALL_PROXY \(it refuses with 403\); check the network, ALL_PROXY and HF_ENDPOINT/,
  ],
])(
  'a proxy to %s that refuses with %i is named, once, without its password',
  async (endpoint, status, message) => {
    answers = () => status;
    vi.stubEnv('HF_ENDPOINT', endpoint);
    vi.stubEnv('ALL_PROXY', `http://me:secret@${address}`);
    const refused = resolveModel('own/model');
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow(/secret|bWU6/);
    expect(asked).toHaveLength(1);
  },
);
