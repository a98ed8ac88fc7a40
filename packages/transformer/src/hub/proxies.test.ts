import { describe, expect, it } from 'vitest';
import { proxiesOf } from './proxies.ts';

const URLS = [
  'https://example.com/',
  'http://example.com/',
  'https://www.example.com/',
  'https://wwwexample.com/',
  'https://example.com:8443/',
  'http://localhost:8080/',
  'http://127.0.0.1:5/',
  'http://[::1]:5/',
  'http://10.0.0.0/',
  'http://10.1.2.3/',
  'https://other.org/',
];

// The proxy of each of these addresses by httpx 0.28.1: - for none.
describe('proxies are chosen as Python chooses them', () => {
  it.each<[Record<string, string>, string]>([
    [{ HTTP_PROXY: 'http://p:1' }, '- p - - - p p p p p -'],
    [{ HTTPS_PROXY: 'p:1' }, 'p - p p p - - - - - p'],
    [{ ALL_PROXY: 'http://p:1' }, 'p p p p p p p p p p p'],
    [{ https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' }, 'low - low low low - - - - - low'],
    [{ https_proxy: '', HTTPS_PROXY: 'http://up:1' }, '- - - - - - - - - - -'],
    [{ HTTPS_PROXY: 'http://s:1', ALL_PROXY: 'http://a:1' }, 's a s s s a a a a a s'],
    [{ HTTP_PROXY: 'http://p:1', REQUEST_METHOD: 'GET' }, '- - - - - - - - - - -'],
    [{ http_proxy: 'http://p:1', REQUEST_METHOD: 'GET' }, '- p - - - p p p p p -'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'a,*' }, '- - - - - - - - - - -'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'example.com' }, '- - - p - p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'EXAMPLE.com' }, '- - - p - p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: '.example.com' }, 'p p - p p p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: ' localhost ,127.0.0.1,::1' }, 'p p p p p - - - p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'example.com:8443' }, 'p p p p - p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'https://example.com' }, '- p p p - p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: '10.0.0.0/8' }, 'p p p p p p p p - p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'com' }, '- - - - - p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: '*.example.com' }, 'p p p p p p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: ',, ,' }, 'p p p p p p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', no_proxy: 'example.com', NO_PROXY: 'other.org' }, '- - - p - p p p p p p'],
    [{ ALL_PROXY: 'http://p:1', no_proxy: '', NO_PROXY: 'example.com' }, 'p p p p p p p p p p p'],
    [{ NO_PROXY: 'example.com' }, '- - - - - - - - - - -'],
  ])('with %j', (env, expected) => {
    const choose = proxiesOf(env);
    const chosen = URLS.map((url) => choose(new URL(url)));
    expect(chosen.map((proxy) => (proxy ? new URL(proxy.address).hostname : '-')).join(' ')).toBe(expected);
  });
});

it('keeps user name and password apart from the address', () => {
  const proxy = proxiesOf({ HTTPS_PROXY: 'http://me:p%40ss@proxy:8080' })(new URL('https://hub'));
  expect(proxy).toEqual({
    address: 'http://proxy:8080',
    authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    variable: 'HTTPS_PROXY',
  });
  expect(proxiesOf({ HTTPS_PROXY: 'http://%zz:x@proxy' })(new URL('https://hub'))?.authorization).toBe(
    `Basic ${Buffer.from('%zz:x').toString('base64')}`,
  );
});

it.each([
  ['http://', /^HTTPS_PROXY is no address of a proxy; write it as http:\/\/host:port, or unset it$/],
  ['http://me:secret@:80', /^HTTPS_PROXY is no address of a proxy/],
  [
    'socks5://me:secret@localhost:1080',
    /^HTTPS_PROXY names a proxy of the kind socks5:\/\/, which is not supp/,
  ],
])('refuses %s by name, without what may be a password', (value, message) => {
  let said = '';
  try {
    proxiesOf({ HTTPS_PROXY: value });
  } catch (error) {
    said = (error as Error).message;
  }
  expect(said).toMatch(message);
  expect(said).not.toContain('secret');
});
