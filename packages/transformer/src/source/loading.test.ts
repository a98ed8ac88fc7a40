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
