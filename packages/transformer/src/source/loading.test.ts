import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { describe, expect, it } from 'vitest';
import { createSha256 as createInBrowsers } from '../platform/browser/sha256.ts';
import { sourceOf as sourceInBrowsers } from '../platform/browser/source-of.ts';
import { createSha256 as createInNode } from '../platform/node/sha256.ts';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { describeModel, loadModel } from '../model.ts';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import type { Progress } from '../long-running.ts';
import { memorySource } from './memory.ts';
import type { ModelSource } from './source.ts';

const MODEL = join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model');
const FILES = readdirSync(MODEL).map(
  (name) => [name, Uint8Array.from(readFileSync(join(MODEL, name)))] as const,
);

const gpu = useGpu();

/** A model in memory whose reads are counted, and call back. */
function watched(onRead: (reads: number) => void): { source: ModelSource; reads: () => number } {
  const source = memorySource('tiny', FILES);
  let reads = 0;
  const read: ModelSource['read'] = (...args) => {
    onRead(++reads);
    return source.read(...args);
  };
  return { source: { ...source, read }, reads: () => reads };
}

describe('progress of loading', () => {
  it('counts the bytes of all weights that are read, and ends with all', async () => {
    const done: Progress[] = [];
    using _ = await loadModel(gpu(), MODEL, { onProgress: (progress) => done.push(progress) });
    await using checkpoint = await Checkpoint.open(MODEL);
    const total = [...checkpoint.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(done[0]).toEqual({ finished: 0, total });
    expect(done.at(-1)).toEqual({ finished: total, total });
    expect(done.every(({ finished }, i) => i === 0 || finished > (done[i - 1]?.finished ?? 0))).toBe(true);
  });

  it('counts none of what is initialised anew', async () => {
    const done: Progress[] = [];
    const onProgress = (progress: Progress): void => void done.push(progress);
    using _ = await loadModel(gpu(), MODEL, { variant: 'untrained', onProgress });
    expect(done).toEqual([{ finished: 0, total: 0 }]);
  });
});

describe('a signal', () => {
  it('ends the loading at any read, with its reason, and leaves nothing on the device', async () => {
    const before = gpu().pool.live;
    const all = watched(() => {});
    (await loadModel(gpu(), all.source)).dispose();
    expect(all.reads()).toBeGreaterThan(20);
    for (const last of [1, 2, 4, 10, all.reads()]) {
      const controller = new AbortController();
      const { source, reads } = watched((number) => {
        if (number === last) controller.abort(new Error('enough'));
      });
      const { signal } = controller;
      await expect(loadModel(gpu(), source, { signal })).rejects.toThrow('enough');
      expect(reads()).toBe(last);
      expect(gpu().pool.live).toEqual(before);
    }
  });

  it('that is aborted already lets nothing be read', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const { source, reads } = watched(() => {});
    for (const from of [source, MODEL]) {
      await expect(loadModel(gpu(), from, { signal })).rejects.toThrow('enough');
      await expect(loadTokenizer(from, { signal })).rejects.toThrow('enough');
      await expect(Checkpoint.open(from, { signal })).rejects.toThrow('enough');
    }
    expect(reads()).toBe(0);
  });

  it(
    'is obeyed though the source knows none: what it still reads is not waited for',
    { timeout: 20_000 },
    async () => {
      const controller = new AbortController();
      const { source } = watched(() => {});
      const stuck: ModelSource = {
        ...source,
        read: () => {
          setTimeout(() => controller.abort(new Error('enough')), 1);
          return new Promise(() => {});
        },
      };
      const { signal } = controller;
      await expect(loadModel(gpu(), stuck, { signal })).rejects.toThrow('enough');
    },
  );
});

it('digests of browsers are those of Node, however the bytes come', () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >>> 3);
  for (const sizes of [[], [0], [1, 62, 1, 64, 65, 4807], [5000]]) {
    const hashes = [createInNode(), createInBrowsers()];
    let at = 0;
    for (const size of sizes) {
      for (const hash of hashes) hash.update(bytes.subarray(at, at + size));
      at += size;
    }
    const [own, other] = hashes.map((hash) => hash.digest());
    expect(own).toMatch(/^[0-9a-f]{64}$/);
    expect(other).toBe(own);
  }
});

describe('a text in a browser', () => {
  it.each([
    ['https://host/models/tiny/', 'tiny', 'https://host/models/tiny'],
    ['http://host', 'host', 'http://host'],
    ['https://host/a%20b?key=1#part', 'a b', 'https://host/a%20b'],
  ])('%s is a folder of a web server', async (text, name, place) => {
    const source = await sourceInBrowsers(text);
    expect([source.name, source.locate?.(''), source.hubId]).toEqual([name, place, undefined]);
  });

  it('is a hub id otherwise', async () => {
    const source = await sourceInBrowsers('owner/name@v1');
    expect([source.name, source.hubId]).toEqual(['name', 'owner/name']);
    await expect(sourceInBrowsers('models\\tiny')).rejects.toThrow('this is no hub id');
  });

  it('that begins with a slash or a dot is looked for beside the page', async () => {
    Object.defineProperty(globalThis, 'location', {
      value: { href: 'https://host/app/index.html' },
      configurable: true,
    });
    try {
      const places = ['./models/tiny', '../tiny', '/tiny'].map(async (text) =>
        (await sourceInBrowsers(text)).locate?.('config.json'),
      );
      expect(await Promise.all(places)).toEqual([
        'https://host/app/models/tiny/config.json',
        'https://host/tiny/config.json',
        'https://host/tiny/config.json',
      ]);
    } finally {
      Reflect.deleteProperty(globalThis, 'location');
    }
  });
});

it('a model in memory is described with its name, and its files are named in messages', async () => {
  const described = await describeModel(memorySource('tiny', FILES));
  expect([described.name, described.place]).toEqual(['tiny', 'tiny']);
  const without = FILES.filter(([name]) => name !== 'config.json');
  await expect(describeModel(memorySource('tiny', without))).rejects.toThrow(
    'tiny/config.json: model configuration does not exist',
  );
  await expect(loadTokenizer(memorySource('tiny', { 'config.json': '{}' }))).rejects.toThrow(
    'tiny: no tokenizer: found neither tokenizer.json nor vocab.json with merges.txt',
  );
});

describe('a source of somebody else', () => {
  const [, CONFIG] = FILES.find(([name]) => name === 'config.json')!;
  const bytesOf = (file: string, offset: number, length: number) =>
    FILES.find(([name]) => name === file)![1].subarray(offset, offset + length);
  const own = (part: object): ModelSource => ({
    name: 'own',
    list: async () => FILES.map(([name, { length }]) => ({ name, bytes: length })),
    read: async (file, offset, length) => bytesOf(file, offset, length),
    ...part,
  });

  it.each([
    ['a Buffer', (bytes: Uint8Array) => Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)],
    [
      'shared memory',
      (bytes: Uint8Array) => {
        const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 1), 1);
        shared.set(bytes);
        return shared;
      },
    ],
  ])('may answer with a view of %s', async (_, view) => {
    const read = (file: string, offset: number, length: number) => view(bytesOf(file, offset, length));
    using model = await loadModel(gpu(), own({ read }));
    using expected = await loadModel(gpu(), memorySource('tiny', FILES));
    expect(await model.nextTokenLogits([1, 2])).toEqual(await expected.nextTokenLogits([1, 2]));
  });

  it('may fill another part of the memory that it is given', async () => {
    const read: ModelSource['read'] = async (file, offset, length, { into } = {}) => {
      const bytes = bytesOf(file, offset, length);
      if (!into || length % 2 === 1) return bytes;
      // Its own work lies in the first half until it is done.
      const whole = new Uint8Array(into.buffer);
      whole.set(bytes, 0);
      return whole.subarray(0, length);
    };
    await using checkpoint = await Checkpoint.open(own({ read }));
    await using expected = await Checkpoint.open(memorySource('tiny', FILES));
    for (const name of checkpoint.tensors.keys())
      expect(await checkpoint.read(name)).toEqual(await expected.read(name));
  });

  it.each([
    [{ read: async () => undefined }, 'own/config.json: its source gives undefined where a Uint8Array'],
    [{ read: async () => CONFIG.buffer }, 'own/config.json: its source gives {…} where a Uint8Array'],
    [{ list: async () => undefined }, "own: its source's list() gives no list of { name, bytes }"],
    [{ list: async () => ['config.json'] }, "own: its source's list() gives no list of { name, bytes }"],
    [
      { list: async () => [{ name: 'config.json' }] },
      'own/config.json: its source says that it has undefined bytes',
    ],
  ])('that answers with something else is refused by name: %o', async (part, message) => {
    await expect(describeModel(own(part))).rejects.toThrow(message);
  });

  it.each([undefined, null, {}, 7, new URL('https://host/model')])(
    'is not %o: what stands for a model is said',
    async (from) => {
      for (const read of [describeModel, loadTokenizer, Checkpoint.open])
        await expect(read(from as unknown as string)).rejects.toThrow(
          /: a model is read from a text \(directory/,
        );
    },
  );

  it('cannot be made of what is no content of a file', () => {
    const files = { 'config.json': { model_type: 'gpt2' } as unknown as string };
    expect(() => memorySource('tiny', files)).toThrow('tiny/config.json: {…} is no content of a file');
    expect(() => memorySource('tiny', undefined as unknown as [])).toThrow('the files of tiny are missing');
  });
});

describe('options of loading', () => {
  it.each([
    [{ dtype: 'float16' }, 'dtype is "float16"; it can be float32, float16-storage'],
    [{ variant: 'untrainned' }, 'variant is "untrainned"; it can be trained, '],
    [{ varient: 'untrained' }, 'loading a model: unknown option varient; did you mean variant?'],
  ])('that are none are refused: %o', async (options, message) => {
    await expect(loadModel(gpu(), memorySource('tiny', FILES), options as object)).rejects.toThrow(message);
  });

  it('come after a Gpu', async () => {
    await expect(loadModel(undefined as never, MODEL)).rejects.toThrow('loadModel needs a Gpu first');
  });
});
