import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { stringify } from 'csv-stringify/sync';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readDataset } from '../dataset.ts';
import { readParquet } from './parquet.ts';
import type { Task } from '../task.ts';
import { findTask, paperTasks } from '../tasks.ts';

const TEXTS = [' "quoted", with a comma ', 'caf\u00E9 \u{1F3AC}', 'line\u0085separators\u2028within', ''];
const LABELS = [0, 1, 1, 0];
const EXPECTED = TEXTS.map((text, i) => ({ fields: { text }, label: LABELS[i] }));
const MR = findTask('mr');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-formats-'));
  await mkdir(join(directory, 'mr'));
});
afterEach(() => rm(directory, { recursive: true }));

type Column = Parameters<typeof parquetWriteBuffer>[0]['columnData'][number];

function parquet(columnData: Column[], more: object = {}): Buffer {
  return Buffer.from(parquetWriteBuffer({ columnData, ...more }));
}

const parquetRows = (more?: object): Buffer =>
  parquet(
    [
      { name: 'idx', data: [0, 1, 2, 3], type: 'INT32' },
      { name: 'text', data: TEXTS, type: 'STRING' },
      { name: 'label', data: LABELS.map(BigInt), type: 'INT64' },
    ],
    more,
  );
const delimited = (delimiter: string): string =>
  stringify(
    TEXTS.map((text, i) => ({ label: LABELS[i], text, idx: i })),
    { header: true, delimiter, quote: delimiter === ',' ? '"' : false },
  );
const jsonl = TEXTS.map((text, i) => `${JSON.stringify({ text, label: LABELS[i] })}\n`).join('');

async function readTrain(name: string, content: string | Uint8Array, task: Task = MR) {
  await writeFile(join(directory, 'mr', name), content);
  await writeFile(join(directory, 'mr/validation.jsonl'), jsonl);
  return (await readDataset(directory, task)).train;
}

async function expectRefusal(reading: Promise<unknown>, message: string | RegExp): Promise<void> {
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(message);
}

describe('the same rows come out of', () => {
  test.each([
    ['train.jsonl', jsonl],
    ['train.ndjson', jsonl],
    ['train.json', jsonl],
    ['train.json', `\uFEFF[${jsonl.trim().replaceAll('\n', ',\n')}]`],
    ['train.jsonl', ` [${jsonl.trim().replaceAll('\n', ',')}]\n`],
    ['train.jsonl.gz', gzipSync(jsonl)],
    ['train.json.gz', gzipSync(`[${jsonl.trim().replaceAll('\n', ',')}]`)],
    ['train.csv.gz', gzipSync(delimited(','))],
    ['train.tsv.gz', gzipSync(delimited('\t'))],
    ['train.csv', gzipSync(delimited(','))],
    ['train.csv.gz', delimited(',')],
    ['train.csv', delimited(',')],
    ['train.csv', `\uFEFF${delimited(',').replaceAll('\n', '\r\n')}`],
    ['train.tsv', delimited('\t')],
    ['train.parquet', parquetRows()],
    ['train.parquet', parquetRows({ codec: 'UNCOMPRESSED' })],
    ['train.parquet', parquetRows({ rowGroupSize: 3 })],
  ])('%s', async (name, content) => {
    expect(await readTrain(name, content)).toEqual(EXPECTED);
  });

  test('shards, one after another, under one hash', async () => {
    const shards = [parquetRows(), parquetRows({ codec: 'UNCOMPRESSED' })];
    await writeFile(join(directory, 'mr/train-00001-of-00002.parquet'), shards[1] as Buffer);
    expect(await readTrain('train-00000-of-00002.parquet', shards[0] as Buffer)).toEqual([
      ...EXPECTED,
      ...EXPECTED,
    ]);
    const { sha256 } = await readDataset(directory, MR);
    expect(sha256.train).toBe(createHash('sha256').update(Buffer.concat(shards)).digest('hex'));
  });
});

test('a TSV has no quoting: a quotation mark is one', async () => {
  expect(await readTrain('train.tsv', 'text\tlabel\n"open\t1\n')).toEqual([
    { fields: { text: '"open' }, label: 1 },
  ]);
});

test.each(['csv', 'tsv'])(
  '%s: CRLF ends a line as LF does, empty lines are none, upper case names a file too',
  async (name) => {
    const separator = name === 'csv' ? ',' : '\t';
    const lines = [`label${separator}text`, `1${separator}a`, '', `0${separator}b `, ''];
    const expected = [
      { fields: { text: 'a' }, label: 1 },
      { fields: { text: 'b ' }, label: 0 },
    ];
    for (const end of ['\n', '\r\n']) {
      expect(await readTrain(`train.${name}`, lines.join(end))).toEqual(expected);
      await rm(join(directory, 'mr', `train.${name}`));
      expect(await readTrain(`train.${name.toUpperCase()}`, lines.join(end))).toEqual(expected);
      await rm(join(directory, 'mr', `train.${name.toUpperCase()}`));
    }
  },
);

describe('Parquet is refused', () => {
  test('when it is something else, cut off, or damaged at any place', async () => {
    const whole = parquetRows({ codec: 'UNCOMPRESSED' });
    for (const bytes of [
      Buffer.from('PAR1 but no more'),
      Buffer.alloc(0),
      whole.subarray(0, whole.length / 2),
      whole.subarray(9),
    ])
      await expectRefusal(
        readTrain('train.parquet', bytes),
        /train\.parquet is not a Parquet file that can be read/,
      );
  });

  test('when any part of it is damaged: in words, without a crash or a hang', async () => {
    const whole = parquetRows({ codec: 'UNCOMPRESSED' });
    const columns = [['text'], ['label']];
    const outcomes = new Set<string>();
    for (let i = 0; i < whole.length; i += 23) {
      const bytes = Buffer.from(whole);
      bytes[i] = (bytes[i] as number) ^ 0xff;
      try {
        const { rows } = await readParquet(bytes, 'x.parquet', columns, 2000);
        // Damaged letters and numbers of columns that are not read: the file's shape is whole.
        expect(rows, `byte ${i}`).toHaveLength(EXPECTED.length);
        outcomes.add('read');
      } catch (error) {
        expect(error, `byte ${i}`).toBeInstanceOf(UserError);
        outcomes.add('refused');
      }
    }
    expect(outcomes).toEqual(new Set(['read', 'refused']));
  });

  test('without rows, without a column, with a label that is none, a null, or text that is not UTF-8', async () => {
    const text: Column = { name: 'text', data: ['a', 'b'], type: 'STRING' };
    const label: Column = { name: 'label', data: [0, 1], type: 'INT32' };
    const none = [
      { ...text, data: [] },
      { ...label, data: [] },
    ];
    await expectRefusal(readTrain('train.parquet', parquet(none)), /train\.parquet has no rows/);
    await expectRefusal(
      readTrain('train.parquet', parquet([{ ...text, name: 'sentence' }, label])),
      "column 'text' is missing; it has sentence, label.",
    );
    await expectRefusal(
      readTrain('train.parquet', parquet([text])),
      "column 'label' is missing; it has text.",
    );
    await expectRefusal(
      readTrain('train.parquet', parquet([text, { ...label, data: [0, 2] }])),
      /train\.parquet, row 2: field 'label' must be an integer from 0 to 1/,
    );
    await expectRefusal(
      readTrain('train.parquet', parquet([{ ...text, data: ['a', null] }, label])),
      /row 2: field 'text' is not a string/,
    );
    const latin1 = parquet([text, label], { codec: 'UNCOMPRESSED' });
    latin1[latin1.indexOf('a', 4, 'latin1')] = 0xe9;
    await expectRefusal(readTrain('train.parquet', latin1), /train\.parquet/);
  });
});

test('a text in quotation marks in a TSV file is told, once a file', async () => {
  const warn = vi.fn<(line: string) => void>();
  await writeFile(join(directory, 'mr/train.tsv'), 'text\tlabel\nplain\t1\n"say ""x"""\t1\n"again"\t0\n');
  await writeFile(join(directory, 'mr/validation.tsv'), 'text\tlabel\n"open\t1\n');
  const { train } = await readDataset(directory, MR, { warn });
  expect(train[1]).toEqual({ fields: { text: '"say ""x"""' }, label: 1 });
  expect(warn.mock.calls).toEqual([
    [
      `${join(directory, 'mr/train.tsv')}, line 3: a text stands in quotation marks, which belong to it in a .tsv file; if they do not, make it a .csv file`,
    ],
  ]);
});

test('a carriage return inside of a quoted text is part of it', async () => {
  expect(await readTrain('train.csv', 'text,label\n"a\rb",1\n"c ""d"" \r e",0\n')).toEqual([
    { fields: { text: 'a\rb' }, label: 1 },
    { fields: { text: 'c "d" \r e' }, label: 0 },
  ]);
});

test.each([
  ['train.csv', '', 'train.csv is empty'],
  [
    'train.csv',
    'text,label\n"a",1\nb\rc,1\n',
    'train.csv, line 3 has a carriage return that no line feed follows',
  ],
  ['train.tsv', 'text\tlabel\n"b\rc"\t1\n', 'train.tsv, line 2 has a carriage return'],
  ['train.json', '', 'train.json is empty'],
  ['train.json', '[]', 'train.json is an array without rows'],
  ['train.json', '[{"text": "a", "label": 1},\n3]', 'train.json, row 2 is not a JSON object'],
  ['train.json', '[{"text": "a"', 'train.json is not JSON'],
  [
    'train.json',
    '{\n  "version": 1,\n  "data": [{"text": "a", "label": 1}]\n}\n',
    'train.json is one JSON object whose rows may be in "data" (it has version, data); expected an array of rows, or one a line',
  ],
  [
    'train.json',
    '{"data": [{"text": "a", "label": 1}]}',
    'train.json is one JSON object whose rows may be in "data"',
  ],
  ['train.json', '{"text": "a", "data": []}', "line 1: field 'label' is missing"],
  ['train.json', '{\n"text": "a"}', 'train.json, line 1 is not JSON'],
  [
    'train.jsonl',
    `{"text": "${'x'.repeat(1 << 24)}"}`,
    'line 1 has 16777228 bytes; at most 16777216 are read',
  ],
  ['train.jsonl', `{"text": "a", "label": 1e999}`, "field 'label' must be an integer"],
  ['train.jsonl.gz', gzipSync(jsonl).subarray(0, -9), 'train.jsonl.gz cannot be decompressed'],
  [
    'train.jsonl.gz',
    gzipSync(Buffer.alloc(64 << 20)),
    /train\.jsonl\.gz has over 1\d MiB when it is decompressed/,
  ],
  [
    'train.csv',
    `${Array.from({ length: 50_000 }, (_, i) => `c${i}`).join()}\n`,
    "column 'text' is missing; it has c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11 and 49988 more.",
  ],
  ['train.csv', `text,label${','.repeat(50_000)}\na,1${','.repeat(50_000)}\n`, "names the column '' twice"],

  ['train.csv', 'text,label\n', 'train.csv has a header line but no rows'],
  ['train.csv', 'sentence,label\na,1\n', "column 'text' is missing; it has sentence, label."],
  ['train.tsv', 'text\nx\n', "column 'label' is missing"],
  ['train.csv', 'text,text,label\na,b,1\n', "names the column 'text' twice"],
  ['train.csv', 'text,label\na,1\nb,c,1\n', /train\.csv is not CSV: .*line 3/],
  ['train.csv', 'text,label\n"open,1\n', 'train.csv is not CSV'],
  [
    'train.csv',
    'text,label\na,1\n"b\nc",2\n',
    /train\.csv, line 4: field 'label' must be an integer from 0 to 1/,
  ],
  ['train.csv', 'text,label\na,one\n', /line 2: field 'label' must be an integer/],
  ['train.csv', 'text,label\na,\n', /line 2: field 'label' must be an integer/],
  [
    'train.csv',
    Buffer.from('text,label\na,1\ncaf\u00E9,1\n', 'latin1'),
    'train.csv, line 3 is not valid UTF-8',
  ],
])('%s with %j is refused', async (name, content, message) => {
  await expectRefusal(readTrain(name, content), message);
});

test('a split in two kinds of files is refused, and a folder without any names all kinds', async () => {
  await writeFile(join(directory, 'mr/train.csv'), delimited(','));
  await expectRefusal(
    readTrain('train.jsonl', jsonl),
    'train.csv, train.jsonl: the same split in several kinds',
  );
  await expectRefusal(
    readDataset(directory, findTask('cb')),
    'cb/train.jsonl does not exist; the data folder needs cb/train.jsonl and cb/validation.jsonl (or .jsonl, .json, .parquet, .csv, .tsv, also .gz); there is mr.',
  );
});

describe('labels', () => {
  const mapped: Task = { ...MR, labels: [{ field: 'label', values: { neg: 0, pos: 1 } }] };

  test('are looked up where the task says what the values mean, in any format', async () => {
    const rows = [{ fields: { text: 'a' }, label: 1 }];
    expect(
      await readTrain('train.csv', 'text,label\na,pos\n', { ...mapped, files: MR.files }).catch(
        (error: Error) => error.message,
      ),
    ).toMatch(/validation\.jsonl, line 1: field 'label' is 0, must be one of neg, pos/);
    await writeFile(join(directory, 'mr/validation.jsonl'), '{"text": "a", "label": "pos"}');
    expect((await readDataset(directory, mapped)).validation).toEqual(rows);
    expect((await readDataset(directory, mapped)).train).toEqual(rows);
  });

  test.each([
    ['{"constructor": 1}', 'is an object'],
    ['{"toString": null}', 'is an object'],
    ['["neg"]', 'is a list'],
    ['"toString"', 'is "toString"'],
    ['"__proto__"', 'is "__proto__"'],
  ])('that the mapping lacks are refused: %s', async (label, words) => {
    await expectRefusal(
      readTrain('train.jsonl', `{"text": "a", "label": ${label}}`, mapped),
      `line 1: field 'label' ${words}, must be one of neg, pos`,
    );
  });

  test('are those of the row itself, whatever the fields are called', async () => {
    const task: Task = {
      ...MR,
      fields: ['constructor'],
      template: '{constructor}:',
      columns: {},
      labels: [{ field: 'toString' }],
    };
    const line = '{"constructor": "a", "toString": 1}';
    await writeFile(join(directory, 'mr/train.jsonl'), line);
    await writeFile(join(directory, 'mr/validation.jsonl'), line);
    const { train } = await readDataset(directory, task);
    expect(train).toEqual([{ fields: { constructor: 'a' }, label: 1 }]);
    await expectRefusal(readTrain('train.jsonl', '{"x": 1}', task), "field 'constructor' is");
  });

  test('TREC’s classes are the same in the hub’s old and present numbering', async () => {
    const trec = findTask('trec');
    const kinds = ['ABBR', 'ENTY', 'DESC', 'HUM', 'LOC', 'NUM'];
    const words = ['Expression', 'Entity', 'Description', 'Person', 'Location', 'Number'];
    const old = ['DESC', 'ENTY', 'ABBR', 'HUM', 'NUM', 'LOC'];
    await mkdir(join(directory, 'trec'));
    const write = (split: string, rows: object[]) =>
      writeFile(
        join(directory, 'trec', `${split}.jsonl`),
        rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
      );
    await write(
      'train',
      kinds.map((text, i) => ({ text, coarse_label: i, fine_label: 0 })),
    );
    await write(
      'validation',
      old.map((text, i) => ({ text, 'label-coarse': i })),
    );
    const { train, validation } = await readDataset(directory, trec);
    for (const { fields, label } of [...train, ...validation])
      expect(trec.labelWords[label]).toBe(words[kinds.indexOf(fields['text'] as string)]);
  });

  test('BoolQ’s answers may be truth values', async () => {
    await mkdir(join(directory, 'boolq'));
    const rows = parquet([
      { name: 'question', data: ['is it', 'is it not'], type: 'STRING' },
      { name: 'passage', data: ['it is', 'it is'], type: 'STRING' },
      { name: 'answer', data: [true, false], type: 'BOOLEAN' },
    ]);
    for (const split of ['train', 'validation'])
      await writeFile(join(directory, 'boolq', `${split}.parquet`), rows);
    expect((await readDataset(directory, findTask('boolq'))).train.map(({ label }) => label)).toEqual([1, 0]);
  });
});

const fixtures = join(import.meta.dirname, '../../../../../tests/fixtures');
const shared = process.env['ICL_GD_SHARED'];
const SOURCES: readonly (readonly [data: string, id: string])[] = [
  [join(fixtures, 'own-text-gpt2/data'), 'mr'],
  [join(fixtures, 'own-text-xglm/data'), 'sst2'],
  ...(shared ? paperTasks().map(({ id }) => [join(shared, 'data'), id] as const) : []),
];

test.each(SOURCES)(
  'JSON Lines of %s, %s turned into Parquet, CSV or TSV give the same examples',
  async (data, id) => {
    const task = findTask(id);
    const original = await readDataset(data, task);
    await mkdir(join(directory, id), { recursive: true });
    for (const extension of ['parquet', 'csv', 'tsv'] as const) {
      for (const split of ['train', 'validation'] as const) {
        const rows = original[split].map(({ fields, label }) => ({ ...fields, label }));
        const content =
          extension === 'parquet'
            ? parquet([
                ...task.fields.map((name): Column => ({
                  name,
                  data: original[split].map(({ fields }) => fields[name]),
                  type: 'STRING',
                })),
                { name: 'label', data: rows.map(({ label }) => BigInt(label)), type: 'INT64' },
              ])
            : stringify(rows, {
                header: true,
                delimiter: extension === 'csv' ? ',' : '\t',
                quote: extension === 'csv' ? '"' : false,
              });
        await writeFile(join(directory, id, `${split}.${extension}`), content);
      }
      const { train, validation } = await readDataset(directory, task);
      expect(train).toEqual(original.train);
      expect(validation).toEqual(original.validation);
      for (const split of ['train', 'validation']) await rm(join(directory, id, `${split}.${extension}`));
    }
  },
);
