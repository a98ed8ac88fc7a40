import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { afterAll, describe, expect, test } from 'vitest';
import { fillTemplate } from './prompts/template.ts';
import { readDataset } from './dataset.ts';
import { readUserTask } from './tasks.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-task-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LEAST = { id: 'spam', template: 'Mail: {text} Kind:', label_words: ['Ham', 'Spam'] };

function read(content: string | object, name = 'task.yaml') {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readUserTask(path);
}

const FULL = `
id: reviews
title: Reviews of mine
template: "About {product}: {text} Stars:"
fields: { text: review_body }
label:
  field: stars
  values: { 1: 0, 2: 0, 5: 1 }   # several values may mean one class
label_words: [bad, good]
classes: [negative, positive]
data:
  files: { train: train.csv, validation: [a.csv, b.csv] }
defaults: { shots: 4, seeds: [7, 8], permutations: [0, 1], learning_rate: 0.01 }
`;

test('everything that a file says arrives, and its data are read', async () => {
  const task = read(FULL);
  expect(task).toMatchObject({
    id: 'reviews',
    title: 'Reviews of mine',
    fields: ['product', 'text'],
    classes: ['negative', 'positive'],
    labelWords: ['bad', 'good'],
    data: {
      files: {
        train: [join(folder, 'train.csv')],
        validation: ['a', 'b'].map((name) => join(folder, `${name}.csv`)),
      },
    },
    defaults: { shots: 4, seeds: [7, 8], permutations: [0, 1], learningRate: 0.01 },
  });
  const header = 'product,review_body,stars\n';
  writeFileSync(join(folder, 'train.csv'), `${header}a pen,writes well,5\nan ink,dries,2\n`);
  writeFileSync(join(folder, 'a.csv'), `${header}a cap,lost,1\n`);
  writeFileSync(join(folder, 'b.csv'), `${header}a box,fine,5\n`);
  const { train, validation } = await readDataset(undefined, task);
  expect(train.map(({ label }) => label)).toEqual([1, 0]);
  expect(validation.map(({ fields, label }) => [fillTemplate(task, fields), label])).toEqual([
    ['About a cap: lost Stars:', 0],
    ['About a box: fine Stars:', 1],
  ]);
  writeFileSync(join(folder, 'b.csv'), `${header}a box,fine,4\n`);
  await expect(readDataset(undefined, task)).rejects.toThrow(
    `${join(folder, 'b.csv')}, line 2: field 'stars' is "4", must be one of 1, 2, 5 (Reviews of mine needs product, review_body, stars).`,
  );
});

const docs = readFileSync(join(import.meta.dirname, '../../../../docs/cli.md'), 'utf8');

test('the documentation’s keys for data elsewhere are understood', () => {
  const keys = [...docs.matchAll(/^\| `((?:hub|file_names|label): .*?)` \|/gm)].map(([, yaml]) => yaml);
  expect(keys).toHaveLength(3);
  expect(read(`id: spam\ntemplate: "{text}"\nlabel_words: [Ham, Spam]\n${keys.join('\n')}`)).toMatchObject({
    hub: { id: 'owner/name', config: 'en', validation: 'test' },
    files: { train: 'first.csv', validation: 'second.csv' },
    labels: [{ field: 'stars' }, { field: 'rating', values: { bad: 0, good: 1 } }],
  });
});

test('the example of the documentation is one', () => {
  const [, example = ''] = /```yaml\n(id: [\s\S]*?)```/.exec(docs) ?? [];
  const hub = read(example);
  expect(hub).toMatchObject({
    id: 'reviews',
    columns: { text: 'review_body' },
    data: { config: 'en', validation: 'test' },
  });
  expect(hub.labels).toEqual([{ field: 'stars', values: { 1: 0, 2: 0, 5: 1 } }]);
  const lines = example.split('\n').filter((line) => !/^  (hub|config|train|validation):/.test(line));
  const files = read(lines.join('\n').replace('# files:', 'files:'));
  expect(files.data).toEqual({
    files: {
      train: [join(folder, 'a.csv'), join(folder, 'b.csv')],
      validation: [join(folder, 'dev.parquet')],
    },
  });
});

test('three keys are enough, in JSON too', () => {
  const task = read(LEAST, 'task.json');
  expect(task).toMatchObject({
    title: 'spam',
    labels: [{ field: 'label' }],
    classes: ['Ham', 'Spam'],
    defaults: { shots: 32, seeds: [0, 1, 2], permutations: [0, 0, 0], learningRate: 0.003 },
  });
  expect(task.data).toBeUndefined();
});

test('data of the hub and of a folder', async () => {
  expect(read({ ...LEAST, data: { hub: 'own/mails@v1', config: 'en', validation: 'test' } }).data).toEqual({
    id: 'own/mails@v1',
    config: 'en',
    train: 'train',
    validation: 'test',
  });
  const task = read({ ...LEAST, data: { directory: 'mails', validation: 'dev' } });
  expect(task.data).toEqual({ directory: join(folder, 'mails'), train: 'train', validation: 'dev' });
  await expect(readDataset(undefined, task)).rejects.toThrow(`${join(folder, 'mails')} is no folder`);
});

test('a task may be on the hub, and its files may have other names in its folder', async () => {
  const task = read({
    ...LEAST,
    hub: { id: 'own/mails', config: 'en' },
    file_names: { train: 'first.csv', validation: 'second.csv' },
  });
  expect(task.hub).toEqual({ id: 'own/mails', config: 'en', train: 'train', validation: 'validation' });
  expect(task.data).toBeUndefined();
  const data = join(folder, 'folders');
  await expect(readDataset(data, task)).rejects.toThrow(
    `${join(data, 'spam/first.csv')} does not exist; the data folder needs spam/first.csv and spam/second.csv`,
  );
  mkdirSync(join(data, 'spam'), { recursive: true });
  // The other formats are found under the same names.
  writeFileSync(join(data, 'spam/first.tsv'), 'text\tlabel\nbuy\t1\n');
  writeFileSync(join(data, 'spam/second.csv'), 'text,label\nhello,0\n');
  const { train, validation } = await readDataset(data, task);
  expect([train, validation].flat()).toEqual([
    { fields: { text: 'buy' }, label: 1 },
    { fields: { text: 'hello' }, label: 0 },
  ]);
});

test('a label may stand in one of several fields', async () => {
  const task = read({
    ...LEAST,
    label: [{ field: 'kind' }, { field: 'spam', values: { no: 0, yes: 1 } }],
    data: { files: { train: 'kinds.csv', validation: 'spams.csv' } },
  });
  expect(task.labels).toEqual([{ field: 'kind' }, { field: 'spam', values: { no: 0, yes: 1 } }]);
  writeFileSync(join(folder, 'kinds.csv'), 'text,kind\nbuy,1\n');
  writeFileSync(join(folder, 'spams.csv'), 'text,spam\nhello,no\n');
  const { train, validation } = await readDataset(undefined, task);
  expect([train, validation].flat().map(({ label }) => label)).toEqual([1, 0]);
});

test('without data of its own, a task needs a folder', async () => {
  await expect(readDataset(undefined, read(LEAST))).rejects.toThrow(
    'spam has no data of its own; say with --data',
  );
  await expect(readDataset('hub', read(LEAST))).rejects.toThrow(
    'spam: its file does not say where the data is on the hub',
  );
});

describe('refused:', () => {
  test.each([
    ['- a list', 'expected keys and values'],
    ['', 'expected keys and values'],
    ['id: [', 'the task file is not YAML or JSON'],
    ['id: a\nid: b', 'the task file is not YAML or JSON: Map keys must be unique'],
    [
      { ...LEAST, templat: 'x' },
      'unknown key "templat" (did you mean template?); known: id, title, template',
    ],
    [{ ...LEAST, data: { hub: 'a/b', splt: 'x' } }, 'unknown key "splt" in "data"'],
    [{ ...LEAST, defaults: { shot: 3 } }, 'unknown key "shot" in "defaults" (did you mean shots?)'],
    [
      { ...LEAST, data: { files: { train: 'a', valid: 'b', validation: 'c' } } },
      'unknown key "valid" in "data.files"',
    ],
    [{ ...LEAST, id: undefined }, '"id" is missing'],
    [
      { ...LEAST, id: '../x' },
      '"id" must be at most 64 letters (a to z), digits, "-", "_" or ".", and begin',
    ],
    [{ ...LEAST, id: 'sst2' }, '"id": a built-in task is called sst2 already'],
    [{ ...LEAST, template: 'no field' }, '"template" names no field, such as {text}'],
    [
      { ...LEAST, template: 'Mail: {{ text }}' },
      '"template" has {{ text }}; a field stands in single braces',
    ],
    [{ ...LEAST, template: '{text}{{text}}' }, '"template" has {{text}}; a field stands in single braces'],
    [
      { ...LEAST, template: '{% if a %}{text}{% endif %}' },
      '"template" has {% if a %}; only fields in single braces are replaced',
    ],
    [{ ...LEAST, template: 3 }, '"template" is wrong: invalid input: expected string'],
    [{ ...LEAST, fields: { txt: 'a' } }, '"fields" has txt, which "template" does not name: text'],
    [{ ...LEAST, label_words: ['Ham'] }, '"label_words" needs a word for each of at least two classes'],
    [{ ...LEAST, label_words: ['Ham', 'Ham'] }, '"label_words" has Ham twice'],
    [{ ...LEAST, classes: ['a'] }, '"classes" has 1 names for 2 "label_words"'],
    [
      { ...LEAST, label: { values: { ham: 0, spam: 2 } } },
      '"label.values": spam is class 2, but the 2 "label_words" are 0 to 1',
    ],
    [
      { ...LEAST, label: [{ field: 'a' }, { field: 'b', values: { spam: 2 } }] },
      '"label.1.values": spam is class 2, but the 2 "label_words" are 0 to 1',
    ],
    [{ ...LEAST, label: [] }, '"label" is an empty list'],
    [{ ...LEAST, label: 'stars' }, '"label" is wrong: invalid input: expected object'],
    [
      { ...LEAST, label: [{ fild: 'a' }] },
      'unknown key "fild" in "label.0" (did you mean field?); known: field, values',
    ],
    [{ ...LEAST, hub: { hub: 'a/b' } }, 'unknown key "hub" in "hub"; known: id, config, train, validation'],
    [{ ...LEAST, hub: { id: 'a/b' }, data: { hub: 'a/b' } }, '"data" and "hub" exclude each other'],
    [{ ...LEAST, order: 1 }, 'unknown key "order"'],
    [{ ...LEAST, data: {} }, '"data" needs one of hub, directory, files'],
    [{ ...LEAST, data: { hub: 'a/b', directory: 'c' } }, '"data" needs one of hub, directory, files'],
    [{ ...LEAST, data: 'mails' }, '"data" needs one of hub, directory, files'],
    [{ ...LEAST, data: { files: { train: 'a' } } }, '"data.files.validation"'],
    [
      { ...LEAST, defaults: { seeds: [1, 2], permutations: [0] } },
      '"defaults.permutations" needs one for each',
    ],
    [{ ...LEAST, defaults: { permutations: [9] } }, '"defaults.permutations.0" is wrong'],
    [{ ...LEAST, defaults: { learning_rate: 0 } }, '"defaults.learning_rate" is wrong: too small'],
  ])('%j', (content, message) => {
    const reading = () => read(content);
    expect(reading).toThrow(UserError);
    expect(reading).toThrow(`${join(folder, 'task.yaml')}: `);
    expect(reading).toThrow(message);
  });

  test('a file that is not there, and one that is not text', () => {
    expect(() => readUserTask(join(folder, 'none.yaml'))).toThrow('none.yaml: the task file does not exist');
    writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    expect(() => readUserTask(join(folder, 'binary.yaml'))).toThrow('the task file is not YAML or JSON');
  });
});

test('aliases are refused by that word', () => {
  expect(() => read('id: &a x\ntitle: *a\n')).toThrow('aliases (*name) are not read; write the value out');
});
