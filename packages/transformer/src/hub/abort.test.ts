import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError, type UserErrorCode } from '../errors.ts';
import { resolveDataset } from './resolve-dataset.ts';
import { resolveModel } from './resolve-model.ts';
import type { HubSettings } from './settings.ts';
import { fetchSnapshot } from './snapshot.ts';
import { TestHub, refuse } from './test-server.ts';

const MODEL = join(import.meta.dirname, '../../../../tests/fixtures/own-text-gpt2/model');
const WEIGHTS = 'model.safetensors';
const REASON = new Error('enough');

let hub: TestHub;
let home: string;
beforeEach(async () => {
  hub = new TestHub(MODEL);
  hub.datasets.set('own/data', new Map([['a.jsonl', Buffer.from('{}\n')]]));
  home = await mkdtemp(join(tmpdir(), 'hub-'));
  for (const name of ['HF_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE', 'HUGGINGFACE_HUB_CACHE'])
    vi.stubEnv(name, '');
  for (const name of ['HUGGING_FACE_HUB_TOKEN', 'TRANSFORMERS_OFFLINE', 'HF_TOKEN_PATH'])
    vi.stubEnv(name, '');
  for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, '*');
  vi.stubEnv('HF_HOME', home);
  vi.stubEnv('HF_ENDPOINT', await hub.start());
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(home, { recursive: true });
});

const all = async (files: readonly string[]) => files;
const RESOLVERS: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
  resolveModel: (signal) => resolveModel('own/model', { signal }),
  resolveDataset: (signal) => resolveDataset('own/data', all, { signal }),
};

describe.each(Object.entries(RESOLVERS))('%s', (_, resolve) => {
  it('asks nothing where the signal is aborted already', async () => {
    await expect(resolve(AbortSignal.abort(REASON))).rejects.toBe(REASON);
    expect(hub.requests).toEqual([]);
    expect(existsSync(join(home, 'hub'))).toBe(false);
  });

  it('stops waiting for an answer', async () => {
    const controller = new AbortController();
    hub.fault = () => {
      controller.abort(REASON);
      return true;
    };
    await expect(resolve(controller.signal)).rejects.toBe(REASON);
    expect(hub.requests).toHaveLength(1);
  });

  it('stops in the pause before another attempt', async () => {
    const controller = new AbortController();
    hub.fault = (_request, response) => {
      refuse(response, 429, undefined, 20);
      setTimeout(() => controller.abort(REASON), 20);
      return true;
    };
    await expect(resolve(controller.signal)).rejects.toBe(REASON);
    expect(hub.requests).toHaveLength(1);
  });

  it('works again afterwards', async () => {
    await expect(resolve(AbortSignal.abort())).rejects.toThrow('aborted');
    await expect(resolve(new AbortController().signal)).resolves.toMatchObject({
      hub: { commit: hub.commit },
    });
  });
});

describe('with other limits', () => {
  const settings = (): HubSettings => ({
    ...{ endpoint: process.env['HF_ENDPOINT'] as string, cache: join(home, 'hub'), offline: false },
    // So long that whoever waits for it waits for ever.
    ...{ retryDelay: 1, stallTimeout: 2 ** 31 - 1 },
  });
  const model = { id: 'own/model', revision: 'main' };

  it('stops waiting for a server that never answers', async () => {
    const controller = new AbortController();
    hub.fault = () => {
      controller.abort(REASON);
      return true;
    };
    await expect(fetchSnapshot(model, settings(), { signal: controller.signal })).rejects.toBe(REASON);
  });

  it('gives the reason in the last attempt, too', async () => {
    const controller = new AbortController();
    hub.fault = (_request, response) => {
      if (hub.requests.length === 4) controller.abort(REASON);
      return (refuse(response, 500), true);
    };
    await expect(fetchSnapshot(model, settings(), { signal: controller.signal })).rejects.toBe(REASON);
    expect(hub.requests).toHaveLength(4);
  });
});

it('stops in the middle of a file, and the next download goes on from there', async () => {
  const bytes = hub.files.get(WEIGHTS) as Buffer;
  const half = bytes.length >> 1;
  const controller = new AbortController();
  hub.fault = (request, response) => {
    if (request.url !== `/cdn/${WEIGHTS}`) return false;
    response.writeHead(200, { 'Content-Length': bytes.length });
    response.write(bytes.subarray(0, half));
    return true;
  };
  const stopped = resolveModel('own/model', {
    signal: controller.signal,
    progress: (file, received) => {
      if (file === WEIGHTS && received === half) controller.abort(REASON);
    },
  });
  await expect(stopped).rejects.toBe(REASON);
  const blob = join(home, 'hub/models--own--model/blobs', hub.hash(WEIGHTS));
  expect(statSync(`${blob}.incomplete`).size).toBe(half);
  hub.fault = () => false;
  hub.requests.length = 0;
  await resolveModel('own/model');
  expect(hub.requests).toContain(`GET /cdn/${WEIGHTS} bytes=${half}-`);
  expect(existsSync(`${blob}.incomplete`)).toBe(false);
});

it('hands on what a callback of progress throws', async () => {
  const progress = (): never => {
    throw REASON;
  };
  await expect(resolveModel('own/model', { progress })).rejects.toBe(REASON);
});

describe('the code of the error', () => {
  const CASES: readonly [string, UserErrorCode, () => Promise<unknown>][] = [
    ['a directory that is not there', 'file-missing', () => resolveModel('./none')],
    ['an unknown model', 'hub-not-found', () => resolveModel('own/none')],
    ['an unknown revision', 'hub-not-found', () => resolveModel('own/model@none')],
    ['an unknown dataset', 'hub-not-found', () => resolveDataset('own/none', all)],
    [
      'a gated model',
      'hub-access',
      () => {
        hub.token = 'secret';
        return resolveModel('own/model');
      },
    ],
    [
      'a refusal',
      'hub-access',
      () => {
        hub.fault = (_, response) => (refuse(response, 403), true);
        return resolveModel('own/model');
      },
    ],
    [
      'a hub that wants to be left alone',
      'hub-unavailable',
      () => {
        hub.fault = (_, response) => (refuse(response, 429, undefined, 3600), true);
        return resolveModel('own/model');
      },
    ],
    [
      'a model that is not cached, offline',
      'hub-offline',
      () => {
        vi.stubEnv('HF_HUB_OFFLINE', '1');
        return resolveModel('own/model');
      },
    ],
    [
      'a dataset that is not cached, offline',
      'hub-offline',
      () => {
        vi.stubEnv('HF_HUB_OFFLINE', '1');
        return resolveDataset('own/data', all);
      },
    ],
    [
      'a repository without a model',
      'file-missing',
      () => {
        hub.files.delete('config.json');
        return resolveModel('own/model');
      },
    ],
  ];
  it.each(CASES)('of %s is %s', async (_, code, run) => {
    const error: unknown = await run().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code });
  });
});
