import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseHubId } from './model-id.ts';
import { resolveModel } from './resolve-model.ts';
import { hubSettings } from './settings.ts';
import { TestHub } from './test-server.ts';

const MODEL = join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model');

beforeEach(() => {
  for (const name of ['HUGGINGFACE_HUB_CACHE', 'HUGGING_FACE_HUB_TOKEN', 'TRANSFORMERS_OFFLINE'])
    vi.stubEnv(name, '');
  for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, '*');
});
afterEach(() => vi.unstubAllEnvs());

describe('parseHubId', () => {
  it.each([
    ['gpt2', 'gpt2', 'main'],
    ['KoboldAI/fairseq-dense-1.3B', 'KoboldAI/fairseq-dense-1.3B', 'main'],
    ['own/model@v1.0', 'own/model', 'v1.0'],
    ['own/model@refs/pr/3', 'own/model', 'refs/pr/3'],
  ])('reads %s', (text, id, revision) => expect(parseHubId(text)).toEqual({ id, revision }));

  it.each([
    '',
    '.',
    './model',
    '../model',
    '/models/x',
    'a/b/c',
    'own/',
    'own/model@',
    'own/model@../x',
    'own/..',
    'C:\\model',
    'a b',
    'a--b',
  ])('takes %j for no id', (text) => expect(parseHubId(text)).toBeUndefined());
});

describe('resolveModel', () => {
  it('takes a directory as it is', async () => {
    expect(await resolveModel(MODEL)).toEqual({ directory: MODEL, name: 'model' });
  });

  it.each(['./missing', '/missing/model', 'a/b/missing'])('misses the directory %s', async (text) => {
    await expect(resolveModel(text)).rejects.toThrow(`${text}: the model directory does not exist`);
  });

  it('fetches a hub id as the environment says', async () => {
    const hub = new TestHub(MODEL);
    const home = await mkdtemp(join(tmpdir(), 'hub-'));
    try {
      vi.stubEnv('HF_ENDPOINT', await hub.start());
      vi.stubEnv('HF_HOME', home);
      vi.stubEnv('HF_HUB_CACHE', '');
      vi.stubEnv('HF_TOKEN', '');
      vi.stubEnv('HF_HUB_OFFLINE', '0');
      const found = await resolveModel('own/model@v1');
      expect(found).toEqual({
        directory: join(home, 'hub/models--own--model/snapshots', hub.commit),
        name: 'model',
        hub: { id: 'own/model', revision: 'v1', commit: hub.commit },
      });
      vi.stubEnv('HF_HUB_OFFLINE', '1');
      hub.requests.length = 0;
      expect(await resolveModel('own/model@v1')).toEqual(found);
      expect(hub.requests).toEqual([]);
    } finally {
      await hub.stop();
      await rm(home, { recursive: true });
    }
  });

  it('names a cache that cannot be written', async () => {
    const hub = new TestHub(MODEL);
    const folder = await mkdtemp(join(tmpdir(), 'hub-'));
    try {
      await writeFile(join(folder, 'file'), '');
      vi.stubEnv('HF_ENDPOINT', await hub.start());
      vi.stubEnv('HF_HUB_OFFLINE', '');
      vi.stubEnv('HF_HUB_CACHE', join(folder, 'file/cache'));
      await expect(resolveModel('own/model')).rejects.toThrow(/file\/cache: the model cache/);
    } finally {
      await hub.stop();
      await rm(folder, { recursive: true });
    }
  });
});

describe('hubSettings', () => {
  it('prefers the narrower variable', () => {
    expect(hubSettings({ HF_HOME: '/h', HF_HUB_CACHE: '/c' }).cache).toBe('/c');
    expect(hubSettings({ HF_HOME: '/h' }).cache).toBe(join('/h', 'hub'));
    expect(hubSettings({ HF_HUB_CACHE: '/c', HUGGINGFACE_HUB_CACHE: '/old' }).cache).toBe('/c');
    expect(hubSettings({ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }).cache).toBe('/old');
    expect(hubSettings({ HF_HOME: '/h', XDG_CACHE_HOME: '/x' }).cache).toBe(join('/h', 'hub'));
    expect(hubSettings({ XDG_CACHE_HOME: '/x' }).cache).toBe(join('/x', 'huggingface', 'hub'));
    expect(hubSettings({ HF_ENDPOINT: 'http://mirror/' }).endpoint).toBe('http://mirror');
    expect(hubSettings({ HF_HOME: '/h', HF_TOKEN: ' t ' }).token).toBe('t');
  });

  it('takes a token that was left in a file', async () => {
    const home = await mkdtemp(join(tmpdir(), 'home-'));
    try {
      await writeFile(join(home, 'token'), 'stored\n');
      await writeFile(join(home, 'other'), 'another\n');
      const [HF_HOME, HF_TOKEN_PATH] = [home, join(home, 'other')];
      expect(hubSettings({ HF_HOME }).token).toBe('stored');
      expect(hubSettings({ HF_HOME, HF_TOKEN_PATH }).token).toBe('another');
      expect(hubSettings({ HF_HOME, HF_TOKEN_PATH, HF_TOKEN: 'given' }).token).toBe('given');
      expect(hubSettings({ HF_HOME: join(home, 'none') })).not.toHaveProperty('token');
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it('refuses an endpoint that is no address', () =>
    expect(() => hubSettings({ HF_ENDPOINT: 'mirror' })).toThrow(/^HF_ENDPOINT=mirror: must be an address/));

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['', false],
  ])('reads HF_HUB_OFFLINE=%j', (value, offline) =>
    expect(hubSettings({ HF_HUB_OFFLINE: value }).offline).toBe(offline),
  );
});
