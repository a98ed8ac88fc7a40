import { existsSync, rmSync, symlinkSync } from 'node:fs';
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors.ts';
import { parseHubId } from './model-id.ts';
import type { HubSettings } from './settings.ts';
import { fetchSnapshot } from './snapshot.ts';
import { TestHub } from './test-server.ts';

const MODEL = join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model');
const WEIGHTS = 'model.safetensors';
const MEGABYTE = 1 << 20;

let hub: TestHub;
let folder: string;
let cache: string;
let settings: HubSettings;
let warnings: string[];
beforeEach(async () => {
  hub = new TestHub(MODEL);
  folder = await mkdtemp(join(tmpdir(), 'hub-'));
  cache = join(folder, 'cache');
  warnings = [];
  settings = { endpoint: await hub.start(), cache, offline: false, retryDelay: 1, stallTimeout: 5000 };
});
afterEach(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

function fetchModel(change: Partial<HubSettings> = {}, text = 'own/model') {
  const model = parseHubId(text);
  if (!model) throw new Error(`${text} is no id`);
  return fetchSnapshot(model, { ...settings, ...change }, { warn: (line) => warnings.push(line) });
}

/** The refusal in one line, without control characters. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  return message;
}

const repository = (): string => join(cache, 'models--own--model');
const blob = (file: string): string => join(repository(), 'blobs', hub.hash(file));
const isListing = ({ url }: IncomingMessage): boolean => url?.includes('/tree/') ?? false;
const isWeights = ({ url }: IncomingMessage): boolean => url === `/cdn/${WEIGHTS}`;

function answerJson(response: ServerResponse, body: string | Buffer, headers = {}): true {
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(body);
  return true;
}

describe('a list of files', () => {
  it('that goes on for ever is cut off', async () => {
    let pages = 0;
    hub.fault = (request, response) =>
      isListing(request) &&
      answerJson(response, '[]', {
        Link: `<${settings.endpoint}/api/models/own/model/tree/${hub.commit}?cursor=${++pages}>; rel="next"`,
      });
    expect(await refusal(fetchModel())).toMatch(
      /gives a list of files that does not end \(1000 pages so far\)/,
    );
    expect(pages).toBe(1000);
  });

  it('that goes on with itself is cut off at once', async () => {
    let pages = 0;
    hub.fault = (request, response) =>
      isListing(request) &&
      (pages++, answerJson(response, '[]', { Link: `<${settings.endpoint}${request.url}>; rel="next"` }));
    expect(await refusal(fetchModel())).toMatch(/does not end \(1 pages so far\)/);
    expect(pages).toBe(1);
  });

  it('may have several pages', async () => {
    const entry = { type: 'file', size: 1, oid: hub.commit };
    hub.fault = (request, response) => {
      if (!isListing(request) || request.url?.includes('cursor')) return false;
      const next = `${settings.endpoint}${request.url}&cursor=1`;
      return answerJson(response, JSON.stringify([{ ...entry, path: 'other' }]), {
        Link: `<${settings.endpoint}/first>; rel="first", <${next}>; rel="next"`,
      });
    };
    expect(existsSync(join((await fetchModel()).directory, WEIGHTS))).toBe(true);
  });

  it.each([
    ['of one value', ' '],
    ['of many entries', '{"type":"a"},'],
  ])('that unpacks without end %s is read no further than 16 MB', async (_, text) => {
    const block = Buffer.from(text.repeat(MEGABYTE / text.length));
    let packed = 0;
    const blocks = function* (): Generator<Buffer> {
      for (yield Buffer.from('['); ; packed++) yield block;
    };
    hub.fault = (request, response) => {
      if (!isListing(request)) return false;
      response.writeHead(200, { 'Content-Encoding': 'gzip' });
      // Cut off by the client, which is no fault of the server.
      pipeline(Readable.from(blocks()), createGzip({ level: 1 }), response).catch(() => {});
      return true;
    };
    expect(await refusal(fetchModel())).toMatch(/answers with more than 16 MB/);
    // Compressed, more than these fit into the system's buffers for sockets.
    const soon = packed;
    await sleep(50);
    expect(packed - soon).toBeLessThan(100);
  });

  it.each([
    ['arrays', '['.repeat(4 * MEGABYTE)],
    ['objects', '[{"type":'.repeat(MEGABYTE)],
  ])('of %s inside each other is not parsed', async (_, text) => {
    hub.fault = (request, response) => isListing(request) && answerJson(response, text);
    expect(await refusal(fetchModel())).toMatch(/answers in JSON that is nested too deep/);
  });
});

describe('an answer of another shape is refused by name', () => {
  const shapes = [
    'null',
    '5',
    '"text"',
    'true',
    '{}',
    '[]',
    '[null]',
    '[[]]',
    '[5]',
    '{"sha":null}',
    '{"sha":["0123456789abcdef0123456789abcdef01234567"]}',
    '{"sha":"main"}',
    '{"error":"no"}',
    '[{"type":"file"}]',
    '[{"type":"file","path":5,"size":1,"oid":"0123456789abcdef0123456789abcdef01234567"}]',
    '[{"type":"file","path":"config.json","size":-1,"oid":"0123456789abcdef0123456789abcdef01234567"}]',
    '[{"type":"file","path":"config.json","size":1e300,"oid":"0123456789abcdef0123456789abcdef01234567"}]',
    '[{"type":"file","path":"config.json","size":1,"oid":"../../x"}]',
    '[{"type":"file","path":"config.json","size":1,"oid":"0123456789abcdef0123456789abcdef01234567","lfs":null}]',
    '[{"type":null}]',
    '',
    '\u001b[2J',
  ];
  it.each(['/revision/', '/tree/'])('at %s', async (action) => {
    for (const shape of shapes) {
      hub.fault = ({ url }, response) => (url?.includes(action) ?? false) && answerJson(response, shape);
      expect(await refusal(fetchModel()), shape).toMatch(
        /^own\/model: (http\S+ .*does not seem to be a Hugging Face hub|the repository has no config\.json)/,
      );
    }
  });

  it('and what the server calls an error is shown without control characters, or not at all', async () => {
    hub.fault = (_, { socket }) => {
      socket?.end(
        'HTTP/1.1 418 x\r\nX-Error-Code: a\u009b31mred\u0085\tb\r\nX-Error-Message: \u001b[2J\r\nContent-Length: 0\r\n\r\n',
        'latin1',
      );
      return true;
    };
    expect(await refusal(fetchModel())).toMatch(/refuses the request \(418\)$|cannot reach/);
  });

  it('and a file with a name of control characters is named without them', async () => {
    hub.files.delete(WEIGHTS);
    hub.files.set('\u001b[31m.h5', Buffer.from('x'));
    expect(await refusal(fetchModel())).toContain(String.raw`there is \u{1b}[31m.h5`);
  });
});

describe('a file', () => {
  it('that is longer than listed is cut off there, and not asked for again', async () => {
    let answers = 0;
    let sent = 0;
    hub.fault = (request, response) => {
      if (!request.url?.endsWith('/config.json')) return false;
      answers++;
      response.writeHead(200);
      const chunk = Buffer.alloc(MEGABYTE, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent++;
      };
      response.on('drain', more);
      more();
      return true;
    };
    const { length } = hub.files.get('config.json') as Buffer;
    expect(await refusal(fetchModel())).toMatch(
      new RegExp(`config\\.json is longer than the ${length} bytes that the hub lists`),
    );
    expect(answers).toBe(1);
    // What the system's buffers for sockets hold.
    expect(sent).toBeLessThan(32);
    expect(await readdir(join(repository(), 'blobs'))).toEqual([]);
  });

  it('that the disk has no room for is refused before it is asked for', async () => {
    hub.files.delete('config.json');
    hub.listed.push({ type: 'file', path: 'config.json', size: 2 ** 52, oid: hub.commit });
    expect(await refusal(fetchModel())).toMatch(
      /^own\/model: config\.json needs 4503599\.63 GB, and \S+blobs has [\d.]+ GB left; make room/,
    );
    expect(hub.downloads).toEqual([]);
  });

  it('that is empty is fetched once', async () => {
    hub.files.delete('tokenizer.json');
    hub.files.set('merges.txt', Buffer.alloc(0));
    const { directory } = await fetchModel();
    expect(await readFile(join(directory, 'merges.txt'), 'utf8')).toBe('');
    expect(hub.downloads.filter((file) => file === 'merges.txt')).toHaveLength(1);
    await rm(join(directory, 'config.json'));
    await fetchModel();
    expect(hub.downloads.filter((file) => file === 'merges.txt')).toHaveLength(1);
  });

  it('may take longer than the time for a stall, if enough of it arrives in that time', async () => {
    const bytes = Buffer.alloc(400_000, 'w');
    hub.files.set(WEIGHTS, bytes);
    hub.fault = (request, response) => {
      if (!isWeights(request)) return false;
      response.writeHead(200, { 'Content-Length': bytes.length });
      void (async () => {
        for (let start = 0; start < bytes.length; start += 100_000) {
          response.write(bytes.subarray(start, start + 100_000));
          await sleep(300);
        }
        response.end();
      })();
      return true;
    };
    await fetchModel({ stallTimeout: 800 });
    expect(hub.requests.filter((request) => request.startsWith(`GET /cdn/${WEIGHTS}`))).toHaveLength(1);
  });

  it('that trickles is given up', async () => {
    let sent = 0;
    hub.fault = (request, response) => {
      if (!isWeights(request)) return false;
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(206, { 'Content-Range': `bytes ${start}-128711/128712` });
      const timer = setInterval(() => (response.write('x'), sent++), 5);
      response.on('close', () => clearInterval(timer));
      return true;
    };
    expect(await refusal(fetchModel({ stallTimeout: 40 }))).toMatch(/was cut off after \d+ of 128712 bytes/);
    expect(hub.requests.length).toBeLessThan(60);
    expect(sent).toBeLessThan(2000);
  });
});

describe('nothing is written through links that were planted:', () => {
  let victim: string;
  beforeEach(async () => {
    victim = join(folder, 'victim');
    await mkdir(victim);
    await writeFile(join(victim, 'file'), 'precious');
    await mkdir(join(repository(), 'blobs'), { recursive: true });
  });
  const isUntouched = async (): Promise<void> => {
    expect(await readdir(victim)).toEqual(['file']);
    expect(await readFile(join(victim, 'file'), 'utf8')).toBe('precious');
  };

  it.each([
    ['a symbolic link', symlink],
    ['a hard link', link],
  ])('%s in place of a partial download', async (_, plant) => {
    await plant(join(victim, 'file'), `${blob(WEIGHTS)}.incomplete`);
    const { directory } = await fetchModel();
    await isUntouched();
    expect(await readFile(join(directory, WEIGHTS))).toEqual(hub.files.get(WEIGHTS));
    expect((await lstat(blob(WEIGHTS))).isFile()).toBe(true);
  });

  it('a dangling link in place of a partial download', async () => {
    await symlink(join(victim, 'new'), `${blob(WEIGHTS)}.incomplete`);
    await fetchModel();
    expect(await readdir(victim)).toEqual(['file']);
  });

  it('a link that appears between two attempts', async () => {
    let attempts = 0;
    hub.fault = (request, response) => {
      if (!isWeights(request) || attempts++ > 0) return false;
      rmSync(`${blob(WEIGHTS)}.incomplete`);
      symlinkSync(join(victim, 'file'), `${blob(WEIGHTS)}.incomplete`);
      response.destroy();
      return true;
    };
    await fetchModel();
    expect(attempts).toBe(2);
    await isUntouched();
  });

  it.each(['blobs', 'snapshots'])('the folder %s', async (name) => {
    await rm(join(repository(), name), { recursive: true, force: true });
    await symlink(victim, join(repository(), name));
    expect(await refusal(fetchModel())).toMatch(
      new RegExp(`${name} is a symbolic link: nothing is written through it; remove it, or set HF_HUB_CACHE`),
    );
    await isUntouched();
  });

  it('the folder of a commit', async () => {
    await mkdir(join(repository(), 'snapshots'));
    await symlink(victim, join(repository(), 'snapshots', hub.commit));
    expect(await refusal(fetchModel())).toMatch(/is a symbolic link: nothing is written through it/);
    await isUntouched();
  });

  it.each([
    ['refs', 'own/model'],
    ['refs/refs', 'own/model@refs/pr/1'],
  ])('the folder %s, which is only missed offline', async (name, id) => {
    await mkdir(join(repository(), 'refs'));
    if (name === 'refs') await rm(join(repository(), name), { recursive: true });
    await symlink(victim, join(repository(), name));
    const { directory } = await fetchModel({}, id);
    expect(existsSync(join(directory, WEIGHTS))).toBe(true);
    expect(warnings.join()).toMatch(/refs is a symbolic link: .*; an offline run will not find the revision/);
    await isUntouched();
  });

  it('the folder of the repository, unless this user linked it to another disk', async () => {
    const disk = join(folder, 'disk');
    await rename(repository(), disk);
    await symlink(disk, repository());
    await fetchModel();
    expect(existsSync(join(disk, 'blobs', hub.hash(WEIGHTS)))).toBe(true);
  });
});

describe('a cache that cannot be written', () => {
  it('is said before anything is downloaded', async () => {
    await mkdir(repository(), { recursive: true });
    await writeFile(join(repository(), 'blobs'), '');
    expect(await refusal(fetchModel())).toMatch(/blobs is not a folder, but must be one/);
    expect(hub.requests).toEqual(['GET /api/models/own/model/revision/main']);
  });

  it('serves what is there', async () => {
    const { directory } = await fetchModel();
    await rm(join(repository(), 'refs'), { recursive: true });
    await writeFile(join(repository(), 'refs'), '');
    expect((await fetchModel()).directory).toBe(directory);
    expect(warnings.join()).toMatch(/refs is not a folder.*; an offline run will not find the revision main/);
  });

  it('is not written to where nothing changed', async () => {
    await fetchModel();
    const before = await stat(join(repository(), 'refs/main'));
    await fetchModel();
    expect((await stat(join(repository(), 'refs/main'))).ino).toBe(before.ino);
  });
});

it('reads what Python keeps once for several repositories', async () => {
  const { directory } = await fetchModel();
  // Under the hash of another kind, with a link from the repository's blob.
  const shared = join(cache, 'blobs', 'ab', 'ab'.repeat(32));
  await mkdir(join(cache, 'blobs', 'ab'), { recursive: true });
  await rename(blob(WEIGHTS), shared);
  await symlink(join('..', '..', 'blobs', 'ab', 'ab'.repeat(32)), blob(WEIGHTS));
  expect((await fetchModel({ offline: true, offlineBy: 'TRANSFORMERS_OFFLINE' })).directory).toBe(directory);
  await writeFile(shared, 'other');
  expect(await refusal(fetchModel({ offline: true, offlineBy: 'TRANSFORMERS_OFFLINE' }))).toMatch(
    /model\.safetensors is damaged in the cache \S+ and TRANSFORMERS_OFFLINE is set/,
  );
});

describe('what no retry mends is not tried again:', () => {
  it.each([[400], [401], [403], [404], [410], [418], [451]])('%i', async (status) => {
    hub.fault = (_, response) => (response.writeHead(status).end(), true);
    await refusal(fetchModel());
    expect(hub.requests).toHaveLength(1);
  });

  it.each([[408], [429], [500], [502], [504]])('but %i is', async (status) => {
    hub.fault = (_, response) => (response.writeHead(status).end(), true);
    await refusal(fetchModel());
    expect(hub.requests).toHaveLength(4);
  });

  it('redirects in a circle', async () => {
    hub.fault = ({ url }, response) => (response.writeHead(302, { Location: url }).end(), true);
    expect(await refusal(fetchModel())).toMatch(/redirects in a circle; check HF_ENDPOINT/);
    expect(hub.requests).toHaveLength(11);
  });

  it.each(['ftp://elsewhere/x', 'http://me:secret@elsewhere/x', 'http://[', 'file:///etc/passwd', 'data:,x'])(
    'a redirect to %s',
    async (Location) => {
      hub.fault = (_, response) => (response.writeHead(302, { Location }).end(), true);
      const message = await refusal(fetchModel());
      expect(message).toMatch(/redirects to what is no address of the web/);
      expect(message).not.toContain('secret');
      expect(hub.requests).toHaveLength(1);
    },
  );

  it('a redirect to nowhere', async () => {
    hub.fault = (_, response) => (response.writeHead(302).end(), true);
    expect(await refusal(fetchModel())).toMatch(/refuses the request \(302\)/);
    expect(hub.requests).toHaveLength(1);
  });

  it('a server without encryption behind https', async () => {
    const pause = 60_000; // A second attempt would outlast the test.
    const endpoint = settings.endpoint.replace('http:', 'https:');
    expect(await refusal(fetchModel({ endpoint, retryDelay: pause }))).toMatch(
      /cannot reach https:\S+ \(E[A-Z_]+\)/,
    );
  });

  it('a token that cannot stand in a header, which is not shown', async () => {
    const message = await refusal(fetchModel({ token: 'hf_secret\nsecond', retryDelay: 60_000 }));
    expect(message).toMatch(/^own\/model: cannot reach http/);
    expect(message).not.toMatch(/secret|second/);
    expect(hub.requests).toEqual([]);
  });
});

it('sends the password of HF_ENDPOINT to the hub alone, and names it where it is refused', async () => {
  const elsewhere = new TestHub(MODEL);
  const origin = await elsewhere.start();
  hub.fault = (request, response) => {
    if (!request.url?.endsWith(`/${WEIGHTS}`)) return false;
    response.writeHead(302, { Location: `${origin}/cdn/${WEIGHTS}` }).end();
    return true;
  };
  try {
    await fetchModel({ authorization: 'Basic bWU6c2VjcmV0', token: 'hf_x' });
    expect(new Set(hub.authorizations)).toEqual(new Set(['Basic bWU6c2VjcmV0']));
    expect(elsewhere.authorizations).toEqual([undefined]);
    hub.fault = (_, response) => (response.writeHead(401).end(), true);
    expect(await refusal(fetchModel({ authorization: 'Basic bWU6c2VjcmV0' }))).toMatch(
      /does not accept the password of HF_ENDPOINT \(401\)/,
    );
  } finally {
    await elsewhere.stop();
  }
});
