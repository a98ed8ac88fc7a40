import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { folderSource } from '../source/folder.ts';
import { duplicateKey, readJsonFile } from './json-file.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'json-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const read = (name: string) => readJsonFile(folderSource(directory), name, 'model configuration');

test('reads JSON, with or without a byte-order mark', async () => {
  const path = join(directory, 'config.json');
  for (const mark of ['', '\u{feff}']) {
    await writeFile(path, `${mark}{"n_layer": 3, "name": "na\u00efve"}\n`);
    expect(await read('config.json')).toEqual({ n_layer: 3, name: 'na\u00efve' });
  }
});

test.each<[string, Uint8Array, string]>([
  ['empty', Buffer.from(' \n'), 'model configuration is empty'],
  ['cut off', Buffer.from('{"n_layer":\n 3,\n'), 'model configuration is not valid JSON ('],
  ['no text', Buffer.from([0x80, 0x02, 0x7d]), 'model configuration is not UTF-8 text'],
])('%s', async (_, bytes, message) => {
  const path = join(directory, 'config.json');
  await writeFile(path, bytes);
  const reading = read('config.json');
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(`${path}: ${message}`);
  await expect(reading).rejects.not.toThrow(/\n/);
});

test('a missing file and a directory', async () => {
  const path = join(directory, 'no.json');
  await expect(read('no.json')).rejects.toThrow(`${path}: model configuration does not exist`);
  await expect(read('')).rejects.toThrow('is a directory, not a file');
});

test('a device that never ends is no file', async () => {
  await symlink('/dev/zero', join(directory, 'config.json'));
  const reading = read('config.json');
  await expect(reading).rejects.toThrow('model configuration is no regular file');
});

test('keys that occur twice', () => {
  expect(duplicateKey('{"a": {"b": 1}, "b": [{"a": 2}, "a", {"a": ":"}], "c": "{\\"a\\":"}')).toBeUndefined();
  expect(duplicateKey('{"a": 1, "b": [{"x": 0}, {"y": {}, "\\u0079": 1}]}')).toBe('y');
  expect(duplicateKey('{"a": [], "c": {"a": 1}, "a": 1}')).toBe('a');
});

test('no JSON that comes from an object has a key twice', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(duplicateKey(JSON.stringify(value))).toBeUndefined();
    }),
  );
});
