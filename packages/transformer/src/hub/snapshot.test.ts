import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readlink, readdir, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors.ts';
import { parseHubId } from './model-id.ts';
import type { HubSettings } from './settings.ts';
import { fetchSnapshot } from './snapshot.ts';
import { TestHub, refuse } from './test-server.ts';

const MODEL = join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model');
const WEIGHTS = 'model.safetensors';
const BESIDE = ['special_tokens_map.json', 'tokenizer_config.json'];
const NEEDED = ['config.json', WEIGHTS, 'tokenizer.json', ...BESIDE].sort();

let hub: TestHub;
let cache: string;
let settings: HubSettings;
beforeEach(async () => {
  hub = new TestHub(MODEL);
  cache = await mkdtemp(join(tmpdir(), 'hub-'));
  const endpoint = await hub.start();
  settings = { endpoint, cache, offline: false, retryDelay: 1, stallTimeout: 5000 };
});
afterEach(async () => {
  await hub.stop();
  await rm(cache, { recursive: true });
});

async function fetchModel(text = 'own/model', change: Partial<HubSettings> = {}) {
  const warnings: string[] = [];
  const model = parseHubId(text);
  if (!model) throw new Error(`${text} is no id`);
  const snapshot = await fetchSnapshot(
    model,
    { ...settings, ...change },
    { warn: (line) => warnings.push(line) },
  );
  return { ...snapshot, warnings };
}

async function expectRefusal(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(promise).rejects.toThrow(UserError);
  await expect(promise).rejects.toThrow(message);
}

async function expectWhole(directory: string): Promise<void> {
  for (const file of NEEDED)
    expect((await readFile(join(directory, file))).equals(hub.files.get(file) as Buffer), file).toBe(true);
}

const asksFor = (request: IncomingMessage, file: string): boolean => request.url === `/cdn/${file}`;
const folder = (): string => join(cache, 'models--own--model');
const blob = (file: string): string => join(folder(), 'blobs', hub.hash(file));

it('falls back on PyTorch files, single and sharded', async () => {
  const shard = Buffer.from('shard');
  hub.files.delete(WEIGHTS);
  hub.files.set(
    'pytorch_model.bin.index.json',
    Buffer.from('{"weight_map":{"w":"pytorch_model-1-of-1.bin"}}'),
  );
  hub.files.set('pytorch_model-1-of-1.bin', shard);
  const { directory } = await fetchModel();
  expect(await readFile(join(directory, 'pytorch_model-1-of-1.bin'))).toEqual(shard);
  expect((await fetchModel('own/model', { offline: true })).directory).toBe(directory);
  await writeFile(blob('pytorch_model-1-of-1.bin'), 'other');
  await expectRefusal(
    fetchModel('own/model', { offline: true }),
    /pytorch_model-1-of-1\.bin is damaged in the cache/,
  );
  hub.files.set('pytorch_model.bin', Buffer.from('single'));
  await rm(cache, { recursive: true });
  const single = await fetchModel();
  expect(await readdir(single.directory)).toContain('pytorch_model.bin');
  expect(await readdir(single.directory)).not.toContain('pytorch_model-1-of-1.bin');
});

describe('the first run', () => {
  it('downloads what is needed and no more, in the layout that Python shares', async () => {
    hub.files.set('pytorch_model.bin', Buffer.from('pickle'));
    hub.files.set('runs/12:30/events', Buffer.from('of a training run'));
    const { directory, commit } = await fetchModel();
    expect(directory).toBe(join(folder(), 'snapshots', hub.commit));
    expect(commit).toBe(hub.commit);
    expect((await readdir(directory)).sort()).toEqual(NEEDED);
    await expectWhole(directory);
    expect(await readlink(join(directory, WEIGHTS))).toBe(join('..', '..', 'blobs', hub.hash(WEIGHTS)));
    expect(await readFile(join(folder(), 'refs/main'), 'utf8')).toBe(hub.commit);
    expect((await readdir(join(folder(), 'blobs'))).sort()).toEqual(NEEDED.map((f) => hub.hash(f)).sort());
  });

  it('takes vocab.json and merges.txt where there is no tokenizer.json', async () => {
    hub.files.delete('tokenizer.json');
    const { directory } = await fetchModel();
    const pair = ['config.json', 'merges.txt', WEIGHTS, 'vocab.json', ...BESIDE];
    expect((await readdir(directory)).sort()).toEqual(pair.sort());
  });

  it('fetches the shards that an index names', async () => {
    hub.files.set('part-1.safetensors', hub.files.get(WEIGHTS) as Buffer);
    hub.files.set('part #2 of 100%?.safetensors', Buffer.from('another part'));
    hub.files.set('unused.safetensors', Buffer.from('unused'));
    hub.files.delete(WEIGHTS);
    const index = {
      weight_map: { a: 'part-1.safetensors', b: 'part #2 of 100%?.safetensors', c: 'part-1.safetensors' },
    };
    hub.files.set('model.safetensors.index.json', Buffer.from(JSON.stringify(index)));
    const { directory } = await fetchModel();
    for (const part of ['part-1.safetensors', 'part #2 of 100%?.safetensors'])
      expect(await readFile(join(directory, part))).toEqual(hub.files.get(part));
    expect(existsSync(join(directory, 'unused.safetensors'))).toBe(false);
  });

  it('keeps a branch with slashes and a commit apart', async () => {
    await fetchModel('own/model@refs/pr/1');
    expect(await readFile(join(folder(), 'refs/refs/pr/1'), 'utf8')).toBe(hub.commit);
    await fetchModel(`own/model@${hub.commit}`);
    expect(await readdir(join(folder(), 'refs'))).toEqual(['refs']);
  });

  it('shares the work with another process at the same time', async () => {
    const both = await Promise.all([fetchModel(), fetchModel(), fetchModel()]);
    for (const { directory } of both) await expectWhole(directory);
    expect((await readdir(join(folder(), 'blobs'))).sort()).toEqual(NEEDED.map((f) => hub.hash(f)).sort());
  });

  it('sends the token to the hub', async () => {
    hub.token = 'secret';
    const { directory } = await fetchModel('own/model', { token: 'secret' });
    await expectWhole(directory);
    expect(hub.authorizations[0]).toBe('Bearer secret');
  });
});

it('keeps the token from the host that it is redirected to', async () => {
  const elsewhere = new TestHub(MODEL);
  const origin = await elsewhere.start();
  hub.token = 'secret';
  hub.fault = ({ url }, response) => {
    if (!url?.endsWith(`/${WEIGHTS}`)) return false;
    response.writeHead(302, { Location: `${origin}/cdn/${WEIGHTS}` }).end();
    return true;
  };
  try {
    await expectWhole((await fetchModel('own/model', { token: 'secret' })).directory);
    expect(elsewhere.requests).toEqual([`GET /cdn/${WEIGHTS}`]);
    expect(elsewhere.authorizations).toEqual([undefined]);
  } finally {
    await elsewhere.stop();
  }
});

it('keeps the token from another host that the list of files goes on at', async () => {
  const elsewhere = new TestHub(MODEL);
  const origin = await elsewhere.start();
  hub.token = 'secret';
  hub.fault = ({ url }, response) => {
    if (!url?.includes('/tree/')) return false;
    response.writeHead(200, { Link: `<${origin}${url}>; rel="next"`, 'Content-Type': 'application/json' });
    response.end('[]');
    return true;
  };
  try {
    await expectWhole((await fetchModel('own/model', { token: 'secret' })).directory);
    expect(elsewhere.requests).toHaveLength(1);
    expect(elsewhere.authorizations).toEqual([undefined]);
  } finally {
    await elsewhere.stop();
  }
});

describe('the second run', () => {
  it('asks which commit a branch is, and nothing more', async () => {
    await fetchModel();
    hub.requests.length = 0;
    await expectWhole((await fetchModel()).directory);
    expect(hub.requests).toEqual(['GET /api/models/own/model/revision/main']);
  });

  it('asks nothing for a commit', async () => {
    await fetchModel();
    hub.requests.length = 0;
    await expectWhole((await fetchModel(`own/model@${hub.commit}`)).directory);
    expect(hub.requests).toEqual([]);
  });

  it('needs no network when offline', async () => {
    const { directory } = await fetchModel();
    hub.requests.length = 0;
    expect((await fetchModel('own/model', { offline: true })).directory).toBe(directory);
    expect(hub.requests).toEqual([]);
  });

  it('uses the cache with a warning while the hub is away', async () => {
    const { directory } = await fetchModel();
    await hub.stop();
    const result = await fetchModel();
    expect(result.directory).toBe(directory);
    expect(result.warnings.join()).toMatch(/cannot reach .*ECONNREFUSED.*Using what is cached/);
  });

  it('does not use a cache that lacks something, nor one that the hub no longer gives', async () => {
    const { directory } = await fetchModel();
    hub.fault = (_, response) => (refuse(response, 403), true);
    await expectRefusal(fetchModel(), /access is refused \(403\)/);
    hub.fault = (_, response) => (refuse(response, 503), true);
    expect((await fetchModel()).directory).toBe(directory);
    await rm(join(directory, WEIGHTS));
    await expectRefusal(fetchModel(), /fails \(503\)/);
  });

  it.each([['flipped'], ['shortened']])('detects a %s blob and fetches it again', async (how) => {
    const { directory } = await fetchModel();
    const bytes = Buffer.from(hub.files.get(WEIGHTS) as Buffer);
    bytes[100_000] = (bytes[100_000] as number) ^ 1;
    await writeFile(blob(WEIGHTS), how === 'flipped' ? bytes : bytes.subarray(0, 1000));
    await expectRefusal(
      fetchModel('own/model', { offline: true }),
      /model\.safetensors is damaged in the cache/,
    );
    hub.requests.length = 0;
    const { warnings } = await fetchModel();
    expect(warnings.join()).toMatch(/model\.safetensors is damaged in the cache; fetching it again/);
    expect(new Set(hub.downloads)).toEqual(new Set([WEIGHTS]));
    await expectWhole(directory);
  });

  it('completes a snapshot that another program began', async () => {
    const { directory } = await fetchModel();
    await rm(join(directory, 'tokenizer.json'));
    await rm(blob('tokenizer.json'));
    await expectWhole((await fetchModel()).directory);
  });
});

describe('a cut download', () => {
  it('goes on where it was', async () => {
    let cuts = 0;
    hub.fault = (request, response) => {
      if (!asksFor(request, WEIGHTS) || cuts++ > 0) return false;
      const bytes = hub.files.get(WEIGHTS) as Buffer;
      response.writeHead(200, { 'Content-Length': bytes.length });
      response.write(bytes.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    await expectWhole((await fetchModel()).directory);
    expect(hub.requests.at(-1)).toMatch(/^GET \/cdn\/model\.safetensors bytes=50000-$/);
  });

  it('goes on as often as each attempt brings something', async () => {
    const bytes = hub.files.get(WEIGHTS) as Buffer;
    const starts: number[] = [];
    hub.fault = (request, response) => {
      if (!asksFor(request, WEIGHTS) || starts.length === 7) return false;
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      starts.push(start);
      response.writeHead(start === 0 ? 200 : 206, {
        'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      // Without a length: the answer ends early, at no particular time.
      response.end(bytes.subarray(start, start + 10_000));
      return true;
    };
    await expectWhole((await fetchModel()).directory);
    expect(starts).toEqual([0, 1, 2, 3, 4, 5, 6].map((cut) => 10_000 * cut));
  });

  it('goes on in a later run', async () => {
    const bytes = hub.files.get(WEIGHTS) as Buffer;
    await mkdir(join(folder(), 'blobs'), { recursive: true });
    await writeFile(`${blob(WEIGHTS)}.incomplete`, bytes.subarray(0, 70_000));
    await expectWhole((await fetchModel()).directory);
    expect(hub.requests.at(-1)).toMatch(/bytes=70000-$/);
    expect(existsSync(`${blob(WEIGHTS)}.incomplete`)).toBe(false);
  });

  it('starts anew if what was there is of something else', async () => {
    await mkdir(join(folder(), 'blobs'), { recursive: true });
    await writeFile(`${blob(WEIGHTS)}.incomplete`, Buffer.alloc(70_000, 7));
    await expectWhole((await fetchModel()).directory);
  });

  it.each([
    ['ignores ranges', 200, {}],
    ['gives another range', 206, { 'Content-Range': 'bytes 0-128711/128712' }],
  ] as const)('starts anew if the server %s', async (_, status, headers) => {
    const bytes = hub.files.get(WEIGHTS) as Buffer;
    await mkdir(join(folder(), 'blobs'), { recursive: true });
    await writeFile(`${blob(WEIGHTS)}.incomplete`, bytes.subarray(0, 70_000));
    let answers = 0;
    hub.fault = (request, response) => {
      if (!asksFor(request, WEIGHTS)) return false;
      answers++;
      response.writeHead(status, headers).end(bytes);
      return true;
    };
    await expectWhole((await fetchModel()).directory);
    // The first whole answer is enough.
    expect(answers).toBe(1);
  });

  it('says how far it came if it never ends', async () => {
    hub.fault = (request, response) => {
      if (!asksFor(request, WEIGHTS)) return false;
      response.writeHead(200, { 'Content-Length': 128_712 });
      response.flushHeaders();
      setTimeout(() => response.destroy(), 20);
      return true;
    };
    await expectRefusal(
      fetchModel(),
      /own\/model: the download of model\.safetensors was cut off after 0 of 128712/,
    );
    expect(existsSync(join(folder(), 'refs/main'))).toBe(false);
  });

  it('gives up on a server that stalls', async () => {
    hub.fault = (request, response) => {
      if (!asksFor(request, WEIGHTS)) return false;
      response.writeHead(200, { 'Content-Length': 128_712 });
      response.flushHeaders();
      return true;
    };
    await expectRefusal(fetchModel('own/model', { stallTimeout: 200 }), /model\.safetensors was cut off/);
  });

  it('gives up on a server that never answers', async () => {
    hub.fault = () => true;
    await expectRefusal(fetchModel('own/model', { stallTimeout: 100 }), /cannot reach .*no answer in time/);
  });

  it('is refused if the contents stay wrong', async () => {
    hub.fault = (request, response) => {
      if (!asksFor(request, WEIGHTS)) return false;
      response.writeHead(200).end(Buffer.alloc(128_712));
      return true;
    };
    await expectRefusal(fetchModel(), /model\.safetensors arrives damaged/);
    expect(existsSync(blob(WEIGHTS))).toBe(false);
  });
});

describe('errors', () => {
  it.each([
    [401, /own\/model: the hub wants a token \(401\).*HF_TOKEN/],
    [403, /own\/model: access is refused \(403\); ask for it at http/],
    [404, /own\/model: neither a directory here nor a model on http/],
    [429, /own\/model: the hub limits requests \(429\)/],
    [500, /own\/model: http\S+ fails \(500\); try again later/],
    [418, /refuses the request \(418\)/],
  ])('%i is put into words', async (status, message) => {
    hub.fault = (_, response) => {
      refuse(response, status);
      return true;
    };
    await expectRefusal(fetchModel(), message);
  });

  it('a pause that the hub asks for is kept, and one that is too long not waited for', async () => {
    let asked = 0;
    hub.fault = (_, response) => {
      asked++;
      refuse(response, 429, undefined, 60);
      return true;
    };
    await expect(fetchModel()).rejects.toMatchObject({ retryAfter: 60_000 });
    expect(asked).toBe(1);
  });

  it.each([[429], [503]])('%i is tried again', async (status) => {
    const refused = new Set<string | undefined>();
    hub.fault = ({ url }, response) => {
      if (refused.has(url)) return false;
      refused.add(url);
      refuse(response, status, undefined, 0);
      return true;
    };
    await expectWhole((await fetchModel()).directory);
  });

  it('names a wrong token', async () => {
    hub.token = 'secret';
    await expectRefusal(fetchModel(), /wants a token/);
    await expectRefusal(fetchModel('own/model', { token: 'other' }), /does not accept the token/);
  });

  it('names an unknown revision', async () => {
    await expectRefusal(fetchModel('own/model@v9'), /no revision "v9"/);
  });

  it('says that there is no network', async () => {
    await hub.stop();
    await expectRefusal(
      fetchModel(),
      /own\/model: cannot reach http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\).*HF_ENDPOINT/,
    );
  });

  it('says what offline lacks', async () => {
    await expectRefusal(
      fetchModel('own/model', { offline: true }),
      /revision main is not in the cache .*HF_HUB_OFFLINE/,
    );
    expect(hub.requests).toEqual([]);
  });

  it('recognises what is no hub', async () => {
    hub.fault = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Log in</html>');
      return true;
    };
    await expectRefusal(fetchModel(), /does not answer in JSON; it does not seem to be a Hugging Face hub/);
  });

  it('names weights of another format', async () => {
    hub.files.delete(WEIGHTS);
    hub.files.set('tf_model.h5', Buffer.from('hdf'));
    await expectRefusal(fetchModel(), /none of model\.safetensors, .*there is tf_model\.h5/);
  });

  it('refuses paths that lead out of the directory', async () => {
    const evil = { type: 'file', path: '../../evil', size: 1, oid: hub.commit };
    hub.listed.push(evil);
    await expectRefusal(fetchModel(), /refused: it lists "\.\.\/\.\.\/evil"/);
    for (const path of ['a/../../evil', String.raw`a\..\..\evil`, '/evil', String.raw`\evil`]) {
      hub.listed.splice(0, 1, { ...evil, path });
      await expectRefusal(fetchModel(), /refused: it lists ".*evil"/);
    }
    hub.listed.pop();
    hub.files.delete(WEIGHTS);
    const index = { weight_map: { 'wte.weight': '../../../evil.safetensors' } };
    hub.files.set('model.safetensors.index.json', Buffer.from(JSON.stringify(index)));
    await expectRefusal(fetchModel(), /evil\.safetensors", which is no file of this directory/);
    expect((await readdir(cache)).sort()).toEqual(['models--own--model']);
  });
});
