import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../errors.ts';
import { type FileSelector, resolveDataset } from './resolve-dataset.ts';
import { TestHub } from './test-server.ts';

const SHARDS = ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'];
const OTHER = 'data/test-00000-of-00001.parquet';

let hub: TestHub;
let home: string;
const files = new Map<string, Buffer>();
beforeEach(async () => {
  hub = new TestHub();
  home = await mkdtemp(join(tmpdir(), 'hub-data-'));
  for (const [i, path] of [...SHARDS, OTHER].entries()) files.set(path, Buffer.alloc(100_000, i + 1));
  files.set('README.md', Buffer.from('about the data'));
  hub.datasets.set('own/data', files);
  vi.stubEnv('HF_ENDPOINT', await hub.start());
  vi.stubEnv('HF_HOME', home);
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'])
    vi.stubEnv(name, '');
  for (const name of ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE', 'HF_DATASETS_OFFLINE']) vi.stubEnv(name, '');
  vi.stubEnv('NO_PROXY', '*');
  vi.stubEnv('no_proxy', '*');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(home, { recursive: true });
});

const trainShards: FileSelector = async (listed) => {
  const found = listed.filter((path) => path.startsWith('data/train-')).toSorted();
  if (found.length < SHARDS.length) throw new UserError('shards are missing');
  return found;
};
const folder = (): string => join(home, 'hub/datasets--own--data');
const snapshot = (): string => join(folder(), 'snapshots', hub.commit);

async function expectRefusal(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(promise).rejects.toThrow(UserError);
  await expect(promise).rejects.toThrow(message);
}

it('downloads what is selected and no more, in the layout that Python shares', async () => {
  const progress = vi.fn<(file: string, received: number, total: number) => void>();
  const found = await resolveDataset('own/data@v1', trainShards, { progress });
  expect(found).toEqual({
    directory: snapshot(),
    files: SHARDS,
    hub: { id: 'own/data', revision: 'v1', commit: hub.commit },
  });
  expect(await readdir(join(snapshot(), 'data'))).toEqual(SHARDS.map((path) => path.slice(5)));
  for (const path of SHARDS)
    expect((await readFile(join(snapshot(), path))).equals(files.get(path) as Buffer)).toBe(true);
  expect(await readFile(join(folder(), 'refs/v1'), 'utf8')).toBe(hub.commit);
  expect((await readdir(join(folder(), 'blobs'))).toSorted()).toEqual(
    SHARDS.map((path) => hub.hash(path, files)).toSorted(),
  );
  expect(progress).toHaveBeenCalledWith(SHARDS[0], 100_000, 100_000);
});

it('gives the selector the text of a file, and follows the hub where a dataset was renamed', async () => {
  hub.renamed.set('data', 'own/data');
  const readme: string[] = [];
  const found = await resolveDataset('data', async (listed, read) => {
    readme.push(await read('README.md'));
    return trainShards(listed, read);
  });
  expect(readme).toEqual(['about the data']);
  expect(found.directory).toBe(join(home, 'hub/datasets--data/snapshots', hub.commit));
  expect(existsSync(join(found.directory, SHARDS[1] as string))).toBe(true);
});

it('asks in a second run but downloads nothing, and asks nothing for a commit or offline', async () => {
  const first = await resolveDataset('own/data', trainShards);
  hub.requests.length = 0;
  expect(await resolveDataset('own/data', trainShards)).toEqual(first);
  expect(hub.requests).toEqual([
    'GET /api/datasets/own/data/revision/main',
    `GET /api/datasets/own/data/tree/${hub.commit}`,
  ]);
  hub.requests.length = 0;
  expect((await resolveDataset(`own/data@${hub.commit}`, trainShards)).files).toEqual(SHARDS);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await resolveDataset('own/data', trainShards)).toEqual(first);
  expect(hub.requests).toEqual([]);
});

it('uses the cache with a warning while the hub is away', async () => {
  const first = await resolveDataset('own/data', trainShards);
  await hub.stop();
  const warn = vi.fn<(line: string) => void>();
  expect(await resolveDataset('own/data', trainShards, { warn })).toEqual(first);
  expect(warn.mock.lastCall?.[0]).toMatch(/cannot reach .*Using what is cached of main/);
});

it('resumes a cut download', async () => {
  let cuts = 0;
  hub.fault = (request, response) => {
    if (!request.url?.startsWith('/cdn/') || cuts++ > 0) return false;
    response.writeHead(200, { 'Content-Length': 100_000 });
    response.write(Buffer.alloc(40_000, 2), () => setTimeout(() => response.destroy(), 50));
    return true;
  };
  await resolveDataset('own/data', trainShards);
  expect(hub.requests.filter((request) => /^GET \/cdn.* bytes=40000-$/.test(request))).toHaveLength(1);
  expect((await readFile(join(snapshot(), SHARDS[1] as string))).equals(Buffer.alloc(100_000, 2))).toBe(true);
});

it('fetches a damaged file again, and refuses it offline', async () => {
  await resolveDataset('own/data', trainShards);
  await writeFile(join(folder(), 'blobs', hub.hash(SHARDS[0] as string, files)), 'damage');
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  await expectRefusal(
    resolveDataset('own/data', trainShards),
    /train-00000-of-00002\.parquet is damaged in the cache/,
  );
  vi.stubEnv('HF_HUB_OFFLINE', '');
  const warn = vi.fn<(line: string) => void>();
  await resolveDataset('own/data', trainShards, { warn });
  expect(warn.mock.lastCall?.[0]).toMatch(/damaged in the cache; fetching it again/);
  expect((await readFile(join(snapshot(), SHARDS[0] as string))).equals(Buffer.alloc(100_000, 1))).toBe(true);
});

it('takes no part of the files for all of them after a download that was cut off, whatever they are called', async () => {
  const all: FileSelector = async (listed) => listed.filter((path) => path !== 'README.md');
  hub.fault = (request, response) => {
    if (!request.url?.startsWith('/cdn/') || hub.requests.filter((one) => one.includes('/cdn/')).length < 2)
      return false;
    response.writeHead(404).end();
    return true;
  };
  await expect(resolveDataset(`own/data@${hub.commit}`, all)).rejects.toThrow(UserError);
  hub.fault = () => false;
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  await expect(resolveDataset(`own/data@${hub.commit}`, all)).rejects.toThrow('is not in the cache');
  vi.stubEnv('HF_HUB_OFFLINE', '');
  expect((await resolveDataset(`own/data@${hub.commit}`, all)).files.toSorted()).toEqual([OTHER, ...SHARDS]);
});

describe('refuses', () => {
  it('what is no id', () =>
    expectRefusal(resolveDataset('../x', trainShards), /\.\.\/x: no id of a dataset/));

  it('an unknown dataset, a private one and an unknown revision, in words of its own', async () => {
    await expectRefusal(resolveDataset('own/other', trainShards), /nor a dataset on http.* \(404\)/);
    await expectRefusal(
      resolveDataset('own/data@v9', trainShards),
      /own\/data: the hub has no revision "v9"/,
    );
    hub.token = 'secret';
    await expectRefusal(resolveDataset('own/data', trainShards), /the dataset is private, gated/);
    vi.stubEnv('HF_TOKEN', 'secret');
    expect((await resolveDataset('own/data', trainShards)).files).toEqual(SHARDS);
  });

  it('what the selector refuses, with the id', async () => {
    const nothing: FileSelector = async () => {
      throw new UserError('there is no split x');
    };
    await expectRefusal(resolveDataset('own/data', nothing), /^own\/data: there is no split x$/);
  });

  it('offline, what is not in the cache, in part or at all', async () => {
    await resolveDataset('own/data', async () => [SHARDS[1] as string]);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expectRefusal(
      resolveDataset('own/data', trainShards),
      /^own\/data: data\/train-00000-of-00002\.parquet is not in the cache .* \(in the cache; HF_HUB_OFFLINE is set/,
    );
    await expectRefusal(
      resolveDataset('own/data@v1', trainShards),
      /revision v1 is not in the cache .*HF_HUB_OFFLINE/,
    );
  });
});
