import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/transformer';
import { afterAll, expect, test } from 'vitest';
import { loadLearnerFiles } from './learner-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-learner-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const whole = (id: string): string =>
  `export const learner = { id: '${id}', label: 'x', source: 'me', role: 'learner', needs: 'all', adapt() {} };`;

test('a learner is exported as such or by default; its digest follows its text', async () => {
  const named = write('named.mjs', whole('X'));
  const byDefault = write('default.mjs', whole('Y').replace('const learner =', 'default'));
  const loaded = await loadLearnerFiles([named, byDefault]);
  expect(loaded.learners.map(({ id }) => id)).toEqual(['X', 'Y']);
  const other = await loadLearnerFiles([write('other.mjs', `${whole('X')}\n`)]);
  expect(other.digests.get('X')).not.toBe(loaded.digests.get('X'));
});

test.each([
  ['missing.mjs', undefined, 'the learner file does not exist'],
  ['empty.mjs', 'export const other = 1;', 'exports no "learner"'],
  ['broken.mjs', 'export const learner = {', 'cannot be loaded'],
  ['half.mjs', whole('X').replace(', adapt() {}', ''), 'learner.adapt: must be a function'],
  ['needs.mjs', whole('X').replace("'all'", "'some'"), 'learner.needs: '],
  ['id.mjs', whole('a[b]'), 'learner.id: must be letters'],
  ['taken.mjs', whole('gd'), 'a learner is called GD already'],
])('%s is refused by name', async (name, content, message) => {
  const path = content === undefined ? join(folder, name) : write(name, content);
  await expect(loadLearnerFiles([path])).rejects.toThrow(UserError);
  await expect(loadLearnerFiles([path])).rejects.toThrow(`${path}: `);
  await expect(loadLearnerFiles([path])).rejects.toThrow(message);
});

test('two files with one id are refused', async () => {
  const paths = ['one.mjs', 'two.mjs'].map((name) => write(name, whole('Z')));
  await expect(loadLearnerFiles(paths)).rejects.toThrow('two.mjs: a learner is called Z already');
});
