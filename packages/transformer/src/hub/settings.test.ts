import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hubSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('paths', () => {
  const HOME = join(folder, 'me');
  it.each<[Record<string, string>, string]>([
    [{}, '.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '~/c' }, 'c/huggingface/hub'],
    [{ HF_HOME: '~/hf' }, 'hf/hub'],
    [{ HF_HOME: '$DATA/hf', DATA: join(HOME, 'd') }, 'd/hf/hub'],
    [{ HF_HUB_CACHE: '~/hub' }, 'hub'],
    [{ HUGGINGFACE_HUB_CACHE: '${HOME}/old' }, 'old'],
    [{ HF_HUB_CACHE: '~/new', HUGGINGFACE_HUB_CACHE: '~/old' }, 'new'],
    [{ HF_HOME: '', HF_HUB_CACHE: '' }, '.cache/huggingface/hub'],
  ])('of %j', (env, cache) =>
    expect(hubSettings({ HOME, USERPROFILE: HOME, ...env }).cache).toBe(join(HOME, cache)),
  );

  it('of the token', () => {
    mkdirSync(HOME, { recursive: true });
    writeFileSync(join(HOME, 'my-token'), ' hf_home \n');
    expect(hubSettings({ HOME, HF_TOKEN_PATH: '$HOME/my-token' }).token).toBe('hf_home');
  });

  it('with a variable that is not set are said', () => {
    const { cache, warnings } = hubSettings({ HF_HOME: '$ICL_GD_NONE/hf', HF_TOKEN: 't' });
    expect(cache).toBe(join('$ICL_GD_NONE/hf', 'hub'));
    expect(warnings).toEqual([expect.stringMatching(/^HF_HOME names \$ICL_GD_NONE, which is not set/)]);
  });
});

describe('offline', () => {
  it.each<[Record<string, string>, boolean, boolean]>([
    [{}, false, false],
    [{ HF_HUB_OFFLINE: 'Yes' }, true, true],
    [{ TRANSFORMERS_OFFLINE: '1' }, true, true],
    [{ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' }, false, false],
    [{ HF_HUB_OFFLINE: '', TRANSFORMERS_OFFLINE: 'on' }, true, true],
    [{ HF_DATASETS_OFFLINE: '1' }, false, true],
    [{ HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '0' }, true, true],
  ])('by %j', (env, model, dataset) => {
    const set = { HF_HOME: folder, ...env };
    expect([hubSettings(set).offline, hubSettings(set, 'dataset').offline]).toEqual([model, dataset]);
  });

  it('names the variable that is to be unset', () => {
    expect(hubSettings({ TRANSFORMERS_OFFLINE: '1' }).offlineBy).toBe('TRANSFORMERS_OFFLINE');
    expect(hubSettings({ HF_DATASETS_OFFLINE: '1' }, 'dataset').offlineBy).toBe('HF_DATASETS_OFFLINE');
    expect(hubSettings({ HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' }, 'dataset').offlineBy).toBe(
      'HF_HUB_OFFLINE',
    );
  });

  it('needs neither token nor proxy, right or wrong', () => {
    const { token, proxies } = hubSettings({
      HF_HUB_OFFLINE: '1',
      HF_TOKEN: 'a\nb',
      HTTPS_PROXY: 'socks5://x',
    });
    expect([token, proxies]).toEqual([undefined, undefined]);
  });
});

describe('the token', () => {
  it.each<[Record<string, string>, string | undefined]>([
    [{ HUGGING_FACE_HUB_TOKEN: 'old' }, 'old'],
    [{ HF_TOKEN: 'new', HUGGING_FACE_HUB_TOKEN: 'old' }, 'new'],
    [{ HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'old' }, 'old'],
    [{ HF_TOKEN: 'new', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, undefined],
    [{ HF_TOKEN: '\r\n new\r\n' }, 'new'],
    [{ HF_TOKEN: ' \n' }, undefined],
  ])('of %j', (env, token) => expect(hubSettings({ HF_HOME: folder, ...env }).token).toBe(token));

  it.each<[string, () => Record<string, string>, RegExp]>([
    ['two lines', () => ({ HF_TOKEN: 'secret\nsecret' }), /^HF_TOKEN has more than one line/],
    [
      'a carriage return',
      () => ({ HUGGING_FACE_HUB_TOKEN: 'secret\rsecret' }),
      /^HUGGING_FACE_HUB_TOKEN has more/,
    ],
    ['a space', () => ({ HF_TOKEN: 'secret secret' }), /^HF_TOKEN has a space or another/],
    ['a letter beyond ASCII', () => ({ HF_TOKEN: 'secrét-secret' }), /^HF_TOKEN has a space or another/],
    ['an escape', () => ({ HF_TOKEN: 'secret\u001b[31m' }), /^HF_TOKEN has a space or another/],
    [
      'a file of two lines',
      () => ({ HF_TOKEN_PATH: file('two', 'secret\nsecret2\n') }),
      /^the token's file \S+two has more than one line/,
    ],
    [
      'a file of another kind',
      () => ({ HF_TOKEN_PATH: file('binary', Buffer.from([0xff, 0xfe, 0x73, 0])) }),
      /binary has a space or another/,
    ],
    ['a file without end', () => ({ HF_TOKEN_PATH: '/dev/zero' }), /^\/dev\/zero: .*larger than any token/],
    [
      'a folder',
      () => ({ HF_TOKEN_PATH: folder }),
      /the file with the hub's token is a directory, not a file$/,
    ],
    [
      'a path below a file',
      () => ({ HF_TOKEN_PATH: join(file('plain', ''), 'token') }),
      /the file with the hub's token is not inside a directory$/,
    ],
    [
      'a link to itself',
      () => {
        symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
        return { HF_TOKEN_PATH: join(folder, 'loop') };
      },
      /the file with the hub's token is a link that leads nowhere$/,
    ],
  ])('is refused by name, and not shown: %s', (_, env, message) => {
    const read = () => hubSettings({ HF_HOME: folder, ...env() });
    expect(read).toThrow(
      expect.objectContaining({ name: 'UserError', message: expect.stringMatching(message) }),
    );
    expect(read).toThrow(expect.not.objectContaining({ message: expect.stringMatching(/secr|\p{Cc}/u) }));
  });

  it('over plain http to another machine is warned about, on this one not', () => {
    const warned = (HF_ENDPOINT: string, HF_TOKEN = 'secret') =>
      hubSettings({ HF_HOME: folder, HF_ENDPOINT, HF_TOKEN }).warnings;
    expect(warned('http://mirror.example')).toEqual([
      'HF_TOKEN is sent to http://mirror.example without encryption; use an https address in HF_ENDPOINT',
    ]);
    for (const fine of [
      'https://mirror.example',
      'http://localhost:8080',
      'http://127.1.2.3',
      'http://[::1]:80',
    ])
      expect(warned(fine), fine).toEqual([]);
    expect(warned('http://127.0.0.1.example')).toHaveLength(1);
    expect(warned('http://mirror.example', '')).toEqual([]);
  });
});

describe('HF_ENDPOINT', () => {
  it('may have a user name and a password, which go into a header alone', () => {
    const settings = hubSettings({ HF_HOME: folder, HF_ENDPOINT: 'http://me:p%40ss@mirror/hf/' });
    expect(settings).toMatchObject({
      endpoint: 'http://mirror/hf',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
      warnings: [
        expect.stringMatching(/^the password of HF_ENDPOINT is sent to http:\/\/mirror\/hf without/),
      ],
    });
  });

  it.each([
    ['me:secret@mirror', /^HF_ENDPOINT=…@mirror: must be an address such as/],
    ['ftp://me:secret@mirror', /^HF_ENDPOINT=…@mirror: must be/],
    ['https://', /^HF_ENDPOINT=https:: must be/],
    ['https://mirror/?key=secret', /^HF_ENDPOINT=https:\/\/mirror\/\?…: must be an address without/],
    ['https://me:secret@mir\u001b[31mror', /^HF_ENDPOINT=…@mir\\u\{1b\}\[31mror: must be/],
  ])('%j is refused without what may be a password', (HF_ENDPOINT, message) => {
    const read = () => hubSettings({ HF_HOME: folder, HF_ENDPOINT });
    expect(read).toThrow(message);
    expect(read).not.toThrow(/secret/);
  });
});
