import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/transformer';
import { afterAll, expect, test } from 'vitest';
import { familiesOf, loadFamilyFiles } from './family-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-family-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const whole = (type: string): string =>
  `export const family = { modelType: '${type}', architecture: 'X', keys: [], readConfig() {}, sources() {} };`;

test('a file exports a family, whose digest follows the text', async () => {
  const path = write('one.mjs', whole('one'));
  const [loaded] = await loadFamilyFiles([path]);
  expect(loaded).toMatchObject({ path, family: { modelType: 'one' } });
  expect(loaded?.digest).toMatch(/^[0-9a-f]{32}$/);
  expect(familiesOf([loaded!])).toEqual([loaded?.family]);
  const [other] = await loadFamilyFiles([write('other.mjs', `${whole('one')}\n`)]);
  expect(other?.digest).not.toBe(loaded?.digest);
});

test.each([
  ['missing.mjs', undefined, 'the family file does not exist'],
  ['empty.mjs', 'export const other = 1;', 'exports no "family"'],
  ['half.mjs', whole('x').replace('readConfig() {}, ', ''), 'family.readConfig: must be a function'],
  ['taken.mjs', whole('opt'), 'family.modelType: opt is built in: give it another, or set replacesBuiltIn'],
  ['type.mjs', whole(' '), 'family.modelType: is empty'],
])('%s is refused by name', async (name, content, message) => {
  const path = content === undefined ? join(folder, name) : write(name, content);
  await expect(loadFamilyFiles([path])).rejects.toThrow(UserError);
  await expect(loadFamilyFiles([path])).rejects.toThrow(`${path}: ${message}`);
});

test('a built-in model type is taken where the family says that it is meant', async () => {
  const text = whole('opt').replace('keys:', 'replacesBuiltIn: true, keys:');
  expect(familiesOf(await loadFamilyFiles([write('instead.mjs', text)]))).toMatchObject([
    { modelType: 'opt' },
  ]);
});

test('two files with one model type are refused', async () => {
  const paths = ['a.mjs', 'b.mjs'].map((name) => write(name, whole('z')));
  await expect(loadFamilyFiles(paths)).rejects.toThrow('b.mjs: a family of model_type z is there already');
});
