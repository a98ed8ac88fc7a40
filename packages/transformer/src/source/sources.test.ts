import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readSafetensors } from '../checkpoint/read-safetensors.ts';
import { writeSafetensors } from '../checkpoint/write-safetensors.ts';
import { describeModel, loadModel } from '../model.ts';
import { torchFile } from '../testing/torch-archive.ts';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { folderSource } from './folder.ts';
import { httpSource } from './http.ts';
import { memorySource } from './memory.ts';
import type { ModelSource } from './source.ts';
import { StaticServer } from './testing/static-server.ts';

const FIXTURES = join(import.meta.dirname, '../../../../tests/fixtures');
const WEIGHTS = 'model.safetensors';
const TEXT = 'The plot is thin, but the actors are “wonderful” — naïve 日本 🎬\n\n';

const gpu = useGpu();
const server = new StaticServer();
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-sources-'));
let url: string;
beforeAll(async () => {
  url = await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => server.reset());

/** The kinds of checkpoints, made of a fixture's. */
const LAYOUTS: Readonly<Record<string, (directory: string) => Promise<void>>> = {
  'one file': async () => {},
  'shards in a folder of their own': async (directory) => {
    const tensors = [...(await readSafetensors(join(directory, WEIGHTS)))];
    const weightMap: Record<string, string> = {};
    for (const shard of [0, 1, 2]) {
      const file = `shards/model-${shard + 1} of 3.safetensors`;
      const own = tensors.filter((_, i) => i % 3 === shard);
      for (const [name] of own) weightMap[name] = file;
      await writeSafetensors(
        join(directory, file),
        own.map(([name, { shape, data }]) => ({ name, shape, data, dtype: 'float32' as const })),
      );
    }
    writeFileSync(join(directory, `${WEIGHTS}.index.json`), JSON.stringify({ weight_map: weightMap }));
    rmSync(join(directory, WEIGHTS));
  },
  "PyTorch's file": async (directory) => {
    const tensors = await readSafetensors(join(directory, WEIGHTS));
    const stored = Array.from(tensors, ([name, { shape, data }]) => ({ name, shape, data }));
    writeFileSync(join(directory, 'pytorch_model.bin'), torchFile(stored));
    rmSync(join(directory, WEIGHTS));
  },
};

describe.each(['own-text-gpt2', 'own-text-xglm'])('%s', (fixture) => {
  describe.each(Object.entries(LAYOUTS))('%s', (layout, change) => {
    let directory: string;
    let files: Map<string, Uint8Array<ArrayBuffer>>;
    beforeAll(async () => {
      directory = mkdtempSync(join(folder, 'model-'));
      const from = join(FIXTURES, fixture, 'model');
      for (const name of readdirSync(from)) copyFileSync(join(from, name), join(directory, name));
      await change(directory);
      const names = readdirSync(directory, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1));
      files = new Map(names.map((name) => [name, Uint8Array.from(readFileSync(join(directory, name)))]));
    });

    it('has the same weights, digests and tokens wherever it is read from', async () => {
      for (const [name, bytes] of files) server.files.set(name, bytes);
      const blobs = Array.from(files, ([name, bytes]) => [name, new Blob([bytes])] as const);
      const sources: readonly ModelSource[] = [
        folderSource(directory),
        memorySource('in memory', files),
        memorySource('as a form gives them', blobs),
        httpSource(url),
        httpSource(url, { files: [...files.keys()] }),
      ];
      const [expected, ...others] = await Promise.all(sources.map(everything));
      expect(expected?.weights.size).toBeGreaterThan(10);
      expect(expected?.digests.length).toBe(layout.startsWith('shards') ? 4 : 1);
      for (const other of others) expect(other).toEqual(expected);
    });
  });
});

/** All that is read of a model. */
async function everything(source: ModelSource) {
  await using checkpoint = await Checkpoint.open(source);
  const weights = new Map<string, Float32Array>();
  for (const name of checkpoint.tensors.keys()) weights.set(name, await checkpoint.read(name));
  const tokenizer = await loadTokenizer(source);
  return {
    weights,
    digests: await checkpoint.digests(),
    tokens: tokenizer.encode(TEXT),
    config: (await describeModel(source, 'a model')).config,
  };
}

it('a model of files in memory evaluates to the same bits as that of their folder', async () => {
  const directory = join(FIXTURES, 'own-text-gpt2/model');
  const names = readdirSync(directory);
  const files = new Map(names.map((name) => [name, Uint8Array.from(readFileSync(join(directory, name)))]));
  using fromFolder = await loadModel(gpu(), directory);
  using fromMemory = await loadModel(gpu(), memorySource('tiny', files));
  const tokens = [0, 5, 17, 300, 2];
  expect(await fromMemory.nextTokenLogits(tokens)).toEqual(await fromFolder.nextTokenLogits(tokens));
  expect([fromFolder.name, fromMemory.name]).toEqual([basename(directory), 'tiny']);
});
