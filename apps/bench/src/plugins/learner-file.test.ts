import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { learnerSetting, settingId } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { afterAll, expect, test } from 'vitest';
import { loadLearnerFiles } from './learner-file.ts';
import { requireRunnable } from './load-module.ts';

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
  expect(other.files.get('X')?.digest).not.toBe(loaded.files.get('X')?.digest);
});

test('a file and its digest are there by id', async () => {
  const path = write('file.mjs', whole('F'));
  const { files } = await loadLearnerFiles([path]);
  expect([...files]).toEqual([['F', { path, digest: expect.stringMatching(/^[0-9a-f]{32,}$/) }]]);
});

test('TypeScript is refused by name where Node does not run it', () => {
  for (const features of [{}, { typescript: false }]) {
    expect(() => requireRunnable('noise.ts', 'learner', features)).toThrow(UserError);
    expect(() => requireRunnable('noise.mts', 'learner', features)).toThrow(
      /^noise\.mts: Node [0-9.]+ runs no TypeScript; give the learner as JavaScript, or use Node 22\.18 or newer$/,
    );
    requireRunnable('noise.mjs', 'learner', features);
  }
  for (const typescript of ['strip', 'transform']) requireRunnable('noise.ts', 'learner', { typescript });
});

const having = (field: string): string => whole('X').replace('adapt()', `${field}, adapt()`);
const withOptions = (text: string): string =>
  `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};\n${having(`options: ${text}`)}`;

test('options are a zod object whose defaults are read back from texts', async () => {
  const text =
    "z.object({ a: z.coerce.number().default(0.1), b: z.enum(['x', 'y']).default('y'), c: z.stringbool().default(false), d: z.string().default('') })";
  const loaded = await loadLearnerFiles([write('options.mjs', withOptions(text))]);
  expect(loaded.learners[0]?.options?.strict().parse({})).toEqual({ a: 0.1, b: 'y', c: false, d: '' });
});

test('options may be of another version of zod, and are refused in words where they are of another library', async () => {
  const other = withOptions('z.object({ a: z.coerce.number().default(0.1) })').replace(
    import.meta.resolve('zod'),
    import.meta.resolve('zod/v3'),
  );
  const [learner] = (await loadLearnerFiles([write('v3.mjs', other)])).learners;
  expect(settingId(learnerSetting(learner!, { a: '2' }))).toBe('X[a=2]');
  const foreign = having("options: { '~standard': { version: 1, vendor: 'valibot' } }");
  await expect(loadLearnerFiles([write('valibot.mjs', foreign)])).rejects.toThrow(
    'learner.options: must be a zod object, not a schema of another kind or library',
  );
});

test.each([
  ['missing.mjs', undefined, 'the learner file does not exist'],
  ['empty.mjs', 'export const other = 1;', 'exports no "learner"'],
  ['broken.mjs', 'export const learner = {', 'cannot be loaded'],
  ['half.mjs', whole('X').replace(', adapt() {}', ''), 'learner.adapt: must be a function'],
  ['needs.mjs', whole('X').replace("'all'", "'some'"), 'learner.needs: '],
  ['id.mjs', whole('a[b]'), 'learner.id: must be letters'],
  ['long.mjs', whole('a'.repeat(41)), 'at most 40'],
  ['none.mjs', whole('None'), 'is what --controls takes for no controls'],
  ['text.mjs', 'export const learner = 3;', ': learner: Invalid input'],
  ['thrown.mjs', "throw 'no luck';", "cannot be loaded ('no luck')"],
  ['nothing.mjs', 'throw undefined;', 'cannot be loaded (undefined)'],
  ['objective.mjs', having("objective: 'outputs'"), 'learner.objective: '],
  ['copies.mjs', having("copiesKeyValueWeights: 'yes'"), 'learner.copiesKeyValueWeights: '],
  ['paper.mjs', having('paper: 1'), 'learner.paper: '],
  ['plain.mjs', having('options: { scale: 1 }'), 'learner.options: must be a zod object'],
  ['null.mjs', having('options: null'), 'learner.options: must be a zod object'],
  ['list.mjs', withOptions('z.array(z.string())'), 'learner.options: must be a zod object'],
  ['no-default.mjs', withOptions('z.object({ a: z.number() })'), 'learner.options: a has no default'],
  [
    'optional.mjs',
    withOptions('z.object({ a: z.number().optional() })'),
    'learner.options: a has no default',
  ],
  [
    'number.mjs',
    withOptions('z.object({ a: z.number().default(1) })'),
    'learner.options: a does not read its default from a text, "1"',
  ],
  [
    'boolean.mjs',
    withOptions('z.object({ a: z.coerce.boolean().default(false) })'),
    'learner.options: a does not read its default from a text, "false"',
  ],
  [
    'object.mjs',
    withOptions('z.object({ a: z.object({}).default({}) })'),
    'learner.options: a must be a text',
  ],
  [
    'metric.mjs',
    having("inapplicableMetrics: ['simaou', 'simao']"),
    'learner.inapplicableMetrics.1: no metric is called "simao" (did you mean simaou?)',
  ],
  ['metrics.mjs', having("inapplicableMetrics: 'simaou'"), 'learner.inapplicableMetrics: '],
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
