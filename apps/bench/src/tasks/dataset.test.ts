import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDataset } from './dataset.ts';
import { findTask } from './tasks.ts';

const fixtures = join(import.meta.dirname, '../../../../tests/fixtures');
const row = '{"text": "fine", "label": 0}\n';
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-dataset-'));
  await mkdir(join(directory, 'mr'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function readTrain(train: string | Uint8Array) {
  await writeFile(join(directory, 'mr/train.jsonl'), train);
  await writeFile(join(directory, 'mr/validation.jsonl'), row);
  return (await readDataset(directory, findTask('mr'))).train;
}

test('the fixture is read in file order with the hashes of its files', async () => {
  const dataset = await readDataset(join(fixtures, 'own-text-xglm/data'), findTask('sst2'));
  expect(dataset.train[0]).toEqual({ fields: { sentence: 'our tour guide never arrived . ' }, label: 0 });
  expect(dataset.sha256).toEqual({
    train: 'c44e151658c871bbd50cbd123b56e19aad8f6e815fa52d6e719d5379ae1f255d',
    validation: '1f22661abe6ad4887fecf7b8a226f825046b661c0306731ad653c44ab9f49699',
  });
});

test('only line feeds end a line; CRLF, a byte order mark and a missing last line end are tolerated', async () => {
  const text = ' a\u2028b\u0085c\u000Bd ';
  const line = `{"label": 1, "text": ${JSON.stringify(text).replace('\\u000b', '\\u000B')}, "idx": 7}`;
  const expected = [0, 1].map(() => ({ fields: { text }, label: 1 }));
  expect(await readTrain(`${line}\n${line}\n`)).toEqual(expected);
  expect(await readTrain(`\uFEFF${line}\r\n${line}`)).toEqual(expected);
});

test('of several fields that may hold the label the first that the rows have counts', async () => {
  const task = {
    ...findTask('mr'),
    labels: [{ field: 'new', values: { no: 0, yes: 1 } }, { field: 'old' }, { field: 'label' }],
  };
  const read = async (rows: string) => {
    await readTrain(row);
    await writeFile(join(directory, 'mr/train.jsonl'), rows);
    return (await readDataset(directory, task)).train.map(({ label }) => label);
  };
  expect(await read('{"text": "a", "label": 0, "new": "yes", "old": 0}\n')).toEqual([1]);
  expect(await read('{"text": "a", "old": 1, "label": 0}\n{"text": "b", "old": 0, "label": 1}\n')).toEqual([
    1, 0,
  ]);
});

test('a task with files of its own reads those, whatever folder is given', async () => {
  await readTrain(row);
  const files = {
    train: [join(directory, 'own.jsonl')],
    validation: [join(directory, 'mr/validation.jsonl')],
  };
  await writeFile(join(directory, 'own.jsonl'), '{"text": "own", "label": 1}\n');
  const task = { ...findTask('mr'), data: { files } };
  for (const data of [directory, undefined])
    expect(await readDataset(data, task)).toMatchObject({
      train: [{ fields: { text: 'own' }, label: 1 }],
      validation: [{ fields: { text: 'fine' } }],
    });
});

test.each([
  ['', 'is empty'],
  [`${row}\uFEFF${row}`, 'line 2 is not JSON'],
  ['\uFEFF', 'is empty'],
  [`${row}not json\n`, 'line 2 is not JSON'],
  [`${row}\n${row}`, 'line 2 is empty'],
  [`${row}\n`, 'line 2 is empty'],
  [`${row}[]\n`, 'line 2 is not a JSON object'],
  [`${row}3\n`, 'line 2 is not a JSON object'],
  [`${row}{"label": 0}\n`, "line 2: field 'text' is missing"],
  [`{"text": null, "label": 0}\n`, "line 1: field 'text' is not a string"],
  [`{"text": "\\ud83d", "label": 0}\n`, "line 1: field 'text' holds half of a surrogate pair"],
  [`{"text": "x"}\n`, "line 1: field 'label' is missing"],
  ...['2', '-1', '0.5', '"1"', 'null', 'true', '1e400'].map((label) => [
    `{"text": "x", "label": ${label}}\n`,
    "line 1: field 'label' must be an integer from 0 to 1",
  ]),
])('%j is refused: %s', async (content, message) => {
  const failure = readTrain(content!);
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toThrow(`${join(directory, 'mr/train.jsonl')}`);
  await expect(failure).rejects.toThrow(message!);
});

test('a line that is not UTF-8 is refused by number', async () => {
  const latin1 = Buffer.from(`${row}{"text": "caf\u00E9", "label": 0}\n`, 'latin1');
  await expect(readTrain(latin1)).rejects.toThrow('train.jsonl, line 2 is not valid UTF-8');
});

test('a missing file and a folder in its place are refused by path', async () => {
  const absent = readDataset(directory, findTask('cb'));
  await expect(absent).rejects.toThrow(UserError);
  await expect(absent).rejects.toThrow(`${join(directory, 'cb/train.jsonl')} does not exist`);
  await mkdir(join(directory, 'subj/train.jsonl'), { recursive: true });
  await writeFile(join(directory, 'subj/validation.jsonl'), row);
  const folder = readDataset(directory, findTask('subj'));
  await expect(folder).rejects.toThrow(UserError);
  await expect(folder).rejects.toThrow(`${join(directory, 'subj/train.jsonl')} cannot be read`);
});
