import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { TestHub, refuse } from '../hub/test-server.ts';
import type { Progress } from '../long-running.ts';
import { describeModel } from '../model.ts';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { folderSource } from './folder.ts';
import { type HubOptions, hubSource } from './hub.ts';
import type { ModelSource } from './source.ts';
import { refusalOf } from './testing/refusal-of.ts';

const MODEL = join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model');
const WEIGHTS = 'model.safetensors';
const CHOSEN = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', WEIGHTS];

let hub: TestHub;
let endpoint: string;
beforeEach(async () => {
  hub = new TestHub(MODEL);
  endpoint = await hub.start();
});
afterEach(() => hub.stop());

const open = (id = 'own/model', options: HubOptions = {}): ModelSource =>
  hubSource(id, { endpoint, retryDelay: 1, ...options });

const refusal = async (promise: Promise<unknown>): Promise<string> =>
  (await refusalOf(promise)).replaceAll(endpoint, 'HUB');

async function weightsOf(source: ModelSource): Promise<Map<string, Float32Array>> {
  await using checkpoint = await Checkpoint.open(source);
  const weights = new Map<string, Float32Array>();
  for (const name of checkpoint.tensors.keys()) weights.set(name, await checkpoint.read(name));
  return weights;
}

it('a model on the hub has the weights, the tokens and the description of its folder', async () => {
  const [source, folder] = [open(), folderSource(MODEL)];
  expect(await weightsOf(source)).toEqual(await weightsOf(folder));
  const [own, expected] = await Promise.all([source, folder].map((from) => loadTokenizer(from)));
  expect(own?.encode('the film is good')).toEqual(expected?.encode('the film is good'));
  const [described, ofFolder] = [await describeModel(source), await describeModel(folder)];
  expect([described.name, described.place]).toEqual(['model', 'own/model']);
  expect(described.config).toEqual(ofFolder.config);
});

it('only what the cache would have is asked for, at one commit, the weights in a few parts', async () => {
  const source = open('own/model@v1');
  expect((await source.list()).map(({ name }) => name)).toEqual(CHOSEN);
  await weightsOf(source);
  await loadTokenizer(source);
  const asked = hub.requests.filter((request) => request.includes('/resolve/'));
  expect(asked.every((request) => request.includes(`/resolve/${hub.commit}/`))).toBe(true);
  expect(new Set(hub.downloads)).toEqual(new Set(CHOSEN));
  expect(hub.requests.length).toBeLessThan(12);
});

it('shards are found through their index', async () => {
  const [tensors] = [await weightsOf(folderSource(MODEL))];
  const weightMap = Object.fromEntries(Array.from(tensors.keys(), (name) => [name, 'one.safetensors']));
  hub.files.set('one.safetensors', hub.files.get(WEIGHTS) as Buffer);
  hub.files.delete(WEIGHTS);
  hub.files.set(`${WEIGHTS}.index.json`, Buffer.from(JSON.stringify({ weight_map: weightMap })));
  expect(await weightsOf(open())).toEqual(tensors);
  hub.files.delete('one.safetensors');
  expect(await refusal(open().list())).toBe(
    'own/model: its shard index names one.safetensors, which the repository does not have',
  );
});

it('bytes are counted as they arrive, up to all of them', async () => {
  const done: Progress[] = [];
  const source = open('own/model', { onProgress: (progress) => done.push(progress) });
  await weightsOf(source);
  await loadTokenizer(source);
  await describeModel(source);
  const total = CHOSEN.reduce((sum, file) => sum + (hub.files.get(file)?.length ?? 0), 0);
  expect(done.at(-1)).toEqual({ finished: total, total });
  expect(done.map(({ finished }) => finished)).toEqual(
    done.map(({ finished }) => finished).toSorted((a, b) => a - b),
  );
});

describe('what goes wrong is said in a line', () => {
  it('what is no id, and what is no address', async () => {
    const refused = (id: string, options: HubOptions) =>
      refusal(Promise.resolve().then(() => open(id, options)));
    expect(await refused('../model', {})).toMatch(/^\.\.\/model: this is no hub id; expected owner\/name/);
    for (const bad of ['mirror', 'ftp://host', 'http://host?x'])
      expect(await refused('own/model', { endpoint: bad })).toMatch(/: must be the address of a hub/);
  });

  it('a model that does not exist, and a revision', async () => {
    expect(await refusal(open('own/other').list())).toMatch(
      /^own\/other: neither a directory here nor a model on HUB \(404\); check the spelling$/,
    );
    expect(await refusal(open('own/model@v9').list())).toMatch(/^own\/model: the hub has no revision "v9"/);
  });

  it('a model that wants a token', async () => {
    hub.token = 'right';
    expect(await refusal(open().list())).toMatch(/^own\/model: the hub wants a token \(401\)/);
    expect(await refusal(open('own/model', { token: 'wrong' }).list())).toMatch(
      /does not accept the token \(401\)/,
    );
    expect(await open('own/model', { token: 'right' }).list()).toHaveLength(CHOSEN.length);
  });

  it('a hub that is down while weights are read, unless it comes back', async () => {
    hub.files.set(WEIGHTS, Buffer.alloc(1 << 20));
    const source = open();
    await source.list();
    let failures = 0;
    hub.fault = (request, response) => {
      if (!request.url?.startsWith('/cdn/') || failures++ > 2) return false;
      refuse(response, 503);
      return true;
    };
    expect(await source.read(WEIGHTS, 0, 8)).toHaveLength(8);
    await hub.stop();
    expect(await refusal(source.read(WEIGHTS, 300_000, 300_000))).toMatch(
      /^own\/model: cannot reach HUB \(E?CONN.*\); check the network and/,
    );
  });

  it('a file that is shorter than it was listed', async () => {
    const source = open();
    await source.list();
    hub.files.set(WEIGHTS, (hub.files.get(WEIGHTS) as Buffer).subarray(0, 1000));
    expect(await refusal(source.read(WEIGHTS, 0, 8))).toMatch(
      /^own\/model\/model\.safetensors: has changed since it was opened/,
    );
  });
});

it('the secrets of the environment go to its own hub alone', async () => {
  process.env['HF_TOKEN'] = 'secret';
  process.env['HF_ENDPOINT'] = endpoint;
  try {
    await open().list();
    expect(hub.authorizations.every((value) => value === undefined)).toBe(true);
    await hubSource('own/model').list();
    expect(hub.authorizations.at(-1)).toBe('Bearer secret');
    process.env['HF_HUB_OFFLINE'] = '1';
    expect(await refusal(hubSource('own/model').list())).toBe(
      'own/model: HF_HUB_OFFLINE is set, and this reads from the hub; unset it',
    );
  } finally {
    for (const name of ['HF_TOKEN', 'HF_ENDPOINT', 'HF_HUB_OFFLINE']) delete process.env[name];
  }
});

it('in Node a hub id is downloaded to the cache, once, and read from there', async () => {
  const home = mkdtempSync(join(tmpdir(), 'icl-gd-hub-id-'));
  process.env['HF_HOME'] = home;
  process.env['HF_ENDPOINT'] = endpoint;
  try {
    const { name, place, config } = await describeModel('own/model@v1');
    expect([name, place]).toEqual(['model', join(home, 'hub/models--own--model/snapshots', hub.commit)]);
    expect(config).toEqual((await describeModel(MODEL)).config);
    const downloaded = hub.downloads.length;
    expect((await loadTokenizer('own/model@v1')).encode('the film')).toEqual(
      (await loadTokenizer(MODEL)).encode('the film'),
    );
    expect(hub.downloads).toHaveLength(downloaded);
    expect(await refusal(describeModel('own/other'))).toMatch(/^own\/other: neither a directory here nor/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(loadTokenizer('own/model', { signal })).rejects.toThrow('enough');
  } finally {
    for (const name of ['HF_HOME', 'HF_ENDPOINT']) delete process.env[name];
    rmSync(home, { recursive: true });
  }
});

it('an aborted signal ends what is under way, and nothing is asked afterwards', async () => {
  const controller = new AbortController();
  const source = open('own/model', { signal: controller.signal });
  hub.fault = (request) => {
    if (!request.url?.includes('/tree/')) return false;
    controller.abort(new Error('enough'));
    return true;
  };
  await expect(source.list()).rejects.toThrow('enough');
  const asked = hub.requests.length;
  await expect(source.read(WEIGHTS, 0, 8)).rejects.toThrow('enough');
  expect(hub.requests).toHaveLength(asked);
});
