import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { httpSource } from './http.ts';
import { OpenedFile, readText } from './opened-file.ts';
import { findFile } from './source.ts';
import { StaticServer } from './testing/static-server.ts';
import { refusalOf } from './testing/refusal-of.ts';

const BLOCK = 1 << 18;
/** A file of several blocks, in which every four bytes say where they are. */
const LARGE = new Uint8Array(Uint32Array.from({ length: (5 * BLOCK) / 4 + 3 }, (_, i) => i).buffer);
const WEIGHTS = 'model.safetensors';

const server = new StaticServer();
let url: string;
beforeAll(async () => {
  url = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.reset();
  server.files.set(WEIGHTS, LARGE);
});

const open = (options = {}) => httpSource(url, { retryDelay: 1, ...options });

const refusal = async (promise: Promise<unknown>): Promise<string> =>
  (await refusalOf(promise)).replaceAll(url, 'URL');

describe('parts of a file', () => {
  it.each([
    [0, 8],
    [8, 100],
    [BLOCK - 4, 8],
    [3 * BLOCK - 1, BLOCK + 2],
    [0, LARGE.length],
    [LARGE.length - 22, 22],
    [LARGE.length - 10, 50],
    [LARGE.length + 5, 1],
    [7, 0],
  ])('from byte %i on, %i of them, are those of the file', async (offset, length) => {
    for (const ranges of [true, false]) {
      server.ranges = ranges;
      const source = open();
      const expected = LARGE.subarray(offset, offset + length);
      expect(Buffer.compare(await source.read(WEIGHTS, offset, length), expected)).toBe(0);
      const into = new Uint8Array(length);
      const part = await source.read(WEIGHTS, offset, length, { into });
      expect(Buffer.compare(part, expected)).toBe(0);
    }
  });

  it('that are small and beside each other cost one request', async () => {
    const source = open();
    for (let at = 0; at < 200_000; at += 5000) await source.read(WEIGHTS, at, 100);
    for (let at = LARGE.length - 30; at > LARGE.length - 200_000; at -= 5000)
      await source.read(WEIGHTS, at, 30);
    expect(server.requests).toEqual([
      `GET ${WEIGHTS} bytes=0-${BLOCK - 1}`,
      `GET ${WEIGHTS} bytes=${LARGE.length - BLOCK}-${LARGE.length - 1}`,
    ]);
  });

  it('of a server that sends files whole come out of one answer', async () => {
    server.ranges = false;
    const source = open();
    for (const at of [0, 3 * BLOCK, 5, LARGE.length - 5]) await source.read(WEIGHTS, at, 4);
    expect(server.requests).toEqual([`GET ${WEIGHTS} bytes=0-${BLOCK - 1}`]);
  });

  it('are asked for again where the connection was cut, and are whole then', async () => {
    let cut = 0;
    server.fault = (request, response) => {
      if (!/bytes=[1-9]/.test(request.headers.range ?? '') || cut++ > 1) return false;
      response.writeHead(206, { 'Content-Length': BLOCK });
      response.write(LARGE.subarray(0, 1000), () => response.destroy());
      return true;
    };
    const part = await open().read(WEIGHTS, BLOCK, 2 * BLOCK);
    expect(Buffer.compare(part, LARGE.subarray(BLOCK, 3 * BLOCK))).toBe(0);
    expect(cut).toBe(3);
  });
});

describe('a file that is not there', () => {
  it('is none of the list, and is named when it is read', async () => {
    const source = open();
    expect(await findFile(source, 'config.json')).toBeUndefined();
    expect(await source.list()).toEqual([{ name: WEIGHTS, bytes: LARGE.length }]);
    expect(await refusal(source.read('config.json', 0, 1))).toBe('URL/config.json: file does not exist');
    expect(await refusal(readText(source, 'config.json', 'model configuration'))).toBe(
      'URL/config.json: model configuration does not exist',
    );
  });

  it('is not taken from the page that a server of an application answers with', async () => {
    server.page = '<!doctype html><title>an application</title>';
    const source = open();
    expect(await findFile(source, 'config.json')).toBeUndefined();
    expect((await source.list()).map(({ name }) => name)).toEqual([WEIGHTS]);
  });

  it('is never asked for where the names are given', async () => {
    const source = open({ files: [WEIGHTS] });
    expect(await findFile(source, 'config.json')).toBeUndefined();
    expect(await source.list()).toHaveLength(1);
    expect(server.requests).toHaveLength(1);
  });
});

it('an empty file has no bytes, and a text is read whole', async () => {
  server.files.set('empty', new Uint8Array(0));
  server.files.set('a b/ü.json', new TextEncoder().encode('{"ä": 1}'));
  const source = open();
  expect(await source.stat?.('empty')).toEqual({ name: 'empty', bytes: 0 });
  expect(await source.read('empty', 0, 10)).toHaveLength(0);
  expect(await readText(source, 'a b/ü.json', 'settings')).toBe('{"ä": 1}');
});

describe('what goes wrong is said in a line', () => {
  it.each([
    [401, /may not be read \(401\).*httpSource\(url, \{ files \}\)/],
    [403, /may not be read \(403\)/],
    [400, /is refused by the server \(400\)$/],
    [503, /the server fails \(503\); try again later$/],
  ])('status %i', async (status, message) => {
    server.fault = (_, response) => {
      response.writeHead(status).end();
      return true;
    };
    expect(await refusal(open().read(WEIGHTS, 0, 8))).toMatch(message);
    expect(server.requests).toHaveLength(status === 503 ? 4 : 1);
  });

  it('a server that nobody runs', async () => {
    const source = httpSource('http://127.0.0.1:9/model', { retryDelay: 1 });
    expect(await refusal(source.read(WEIGHTS, 0, 8))).toMatch(
      /^http:\/\/127\.0\.0\.1:9\/model\/model\.safetensors: cannot be read \(.+\); check the network/,
    );
  });

  it('contents that change between two parts, by their ETag or their length', async () => {
    const other = LARGE.map((byte) => byte ^ 1);
    for (const changed of [other, LARGE.subarray(0, 4 * BLOCK)]) {
      server.files.set(WEIGHTS, LARGE);
      const source = open();
      await source.read(WEIGHTS, 0, 8);
      server.files.set(WEIGHTS, changed);
      expect(await refusal(source.read(WEIGHTS, 2 * BLOCK, BLOCK))).toMatch(
        /has changed since it was opened; load it again$/,
      );
    }
  });

  it('a file that is too large for a server without parts', async () => {
    server.fault = (_, response) => {
      response.writeHead(200, { 'Content-Length': 2 ** 30 });
      response.write('x');
      return true;
    };
    expect(await refusal(open().read(WEIGHTS, 0, 8))).toMatch(
      /has 1073741824 bytes, and its server sends no parts of files \(Range\); at most 536870912 are read at once/,
    );
  });

  it('another first part than was asked for', async () => {
    server.fault = (_, response) => {
      const range = `bytes 5-${BLOCK + 4}/${LARGE.length}`;
      response.writeHead(206, { 'Content-Range': range }).end(LARGE.subarray(5, BLOCK + 5));
      return true;
    };
    expect(await refusal(open().read(WEIGHTS, 0, 8))).toMatch(/sends another part than was asked for/);
  });

  it('another part than was asked for, or more', async () => {
    const answers: readonly (readonly [string, number, RegExp])[] = [
      [`bytes 5-${BLOCK + 4}/${LARGE.length}`, BLOCK, /sends another part than was asked for/],
      [`bytes ${BLOCK}-${3 * BLOCK - 1}/${LARGE.length}`, 3 * BLOCK, /sends more bytes than were asked for/],
    ];
    for (const [range, length, message] of answers) {
      const source = open();
      await source.read(WEIGHTS, 0, 8);
      server.fault = (_, response) => {
        response.writeHead(206, { 'Content-Range': range }).end(LARGE.subarray(0, length));
        return true;
      };
      expect(await refusal(source.read(WEIGHTS, BLOCK, 2 * BLOCK))).toMatch(message);
      server.fault = () => false;
    }
  });

  it('answers that are shorter than they should be, again and again', async () => {
    for (const offset of [0, BLOCK]) {
      const source = open();
      if (offset > 0) await source.stat?.(WEIGHTS);
      server.requests.length = 0;
      server.fault = (_, response) => {
        const range = `bytes ${offset}-${offset + BLOCK - 1}/${LARGE.length}`;
        response.writeHead(206, { 'Content-Range': range }).end(LARGE.subarray(0, 1000));
        return true;
      };
      expect(await refusal(source.read(WEIGHTS, offset, BLOCK))).toMatch(
        /the answer was cut off after 1000 of 262144 bytes; try again$/,
      );
      expect(server.requests).toHaveLength(4);
      server.fault = () => false;
    }
  });

  it('a first part that is longer than was asked for', async () => {
    server.fault = (_, response) => {
      response.writeHead(206, { 'Content-Range': `bytes 0-${BLOCK - 1}/${LARGE.length}` });
      response.end(LARGE.subarray(0, BLOCK + 1));
      return true;
    };
    expect(await refusal(open().read(WEIGHTS, 0, 8))).toMatch(/sends more bytes than were asked for$/);
  });

  it.each(['model', 'ftp://host/model', '/model'])('the address %s', async (address) => {
    expect(await refusal(Promise.resolve().then(() => httpSource(address)))).toMatch(
      `${address}: is no address of a folder on a web server`,
    );
  });
});

it('a length that other sites may not see is asked for by HEAD', async () => {
  // As a browser shows an answer of another site that exposes no headers.
  const hiding: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const shown = ['Content-Length', 'Content-Type', 'Last-Modified'];
    const headers = [...response.headers].filter(([name]) =>
      shown.some((other) => other.toLowerCase() === name),
    );
    return new Response(response.body, { status: response.status, headers });
  };
  const source = open({ fetch: hiding });
  expect(await source.stat?.(WEIGHTS)).toEqual({ name: WEIGHTS, bytes: LARGE.length });
  const part = await source.read(WEIGHTS, BLOCK + 4, 2 * BLOCK);
  expect(Buffer.compare(part, LARGE.subarray(BLOCK + 4, 3 * BLOCK + 4))).toBe(0);
});

it('headers go along, and what follows a question mark in the address, which messages do not show', async () => {
  const seen: unknown[] = [];
  server.fault = (request) => {
    seen.push([request.headers.authorization, request.url?.split('?')[1]]);
    return false;
  };
  const source = httpSource(`${url}?key=secret`, { headers: { Authorization: 'Bearer t' } });
  const message = await refusal(source.read('config.json', 0, 8));
  expect(seen).toEqual([['Bearer t', 'key=secret']]);
  expect(message).not.toMatch(/secret/);
});

describe('a signal', () => {
  it('of a read ends it, and of the source everything', async () => {
    for (const ofSource of [false, true]) {
      const controller = new AbortController();
      server.fault = (_, response) => {
        response.writeHead(206, { 'Content-Range': `bytes 0-${BLOCK - 1}/${LARGE.length}` });
        response.write('x', () => controller.abort(new Error('enough')));
        return true;
      };
      const { signal } = controller;
      const source = open(ofSource ? { signal } : {});
      await expect(source.read(WEIGHTS, 0, 8, ofSource ? {} : { signal })).rejects.toThrow('enough');
      server.fault = () => false;
      if (ofSource) await expect(source.read(WEIGHTS, 0, 8)).rejects.toThrow('enough');
      else expect(await source.read(WEIGHTS, 0, 8)).toHaveLength(8);
    }
  });

  it('that comes while another attempt is waited for ends the wait', async () => {
    server.fault = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    const controller = new AbortController();
    const reading = open({ retryDelay: 20_000 }).read(WEIGHTS, 0, 8, { signal: controller.signal });
    while (server.requests.length === 0) await new Promise((done) => setTimeout(done, 1));
    setTimeout(() => controller.abort(new Error('enough')), 5);
    await expect(reading).rejects.toThrow('enough');
  });

  it('that one reader gives does not end the same file for another', async () => {
    const controller = new AbortController();
    let asked = 0;
    server.fault = (_, response) => {
      if (asked++ > 0) return false;
      response.writeHead(206, { 'Content-Range': `bytes 0-${BLOCK - 1}/${LARGE.length}` });
      response.write('x', () => controller.abort(new Error('enough')));
      return true;
    };
    const source = open();
    const given = source.read(WEIGHTS, 0, 8, { signal: controller.signal });
    const other = source.read(WEIGHTS, 4, 4);
    await expect(given).rejects.toThrow('enough');
    expect([...(await other)]).toEqual([1, 0, 0, 0]);
  });
});

it('a source that gives too few bytes cut its file off, and one that gives too many is at fault', async () => {
  const of = (bytes: number) => ({
    name: 'own',
    list: async () => [{ name: 'a', bytes: 10 }],
    read: async () => new Uint8Array(bytes),
  });
  const file = (bytes: number) => OpenedFile.open(of(bytes), 'a', 'file');
  await expect((await file(7)).read(0, 10, 'its part')).rejects.toThrow(
    'own/a: the file ends within its part; it was cut off',
  );
  await expect((await file(11)).read(0, 10, 'its part')).rejects.toThrow(
    'its source gives 11 bytes where 10 were asked for',
  );
  const into = new Uint8Array(12);
  expect((await (await file(10)).read(0, 10, 'its part', { into })).buffer).toBe(into.buffer);
});
