import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GroupRecord, RecordStore, finishedMethod, recordKey } from './record.ts';

const RECORD: GroupRecord = {
  gold: [0, 1],
  metrics: {
    simam_zsl: { values: [0.25, null], undefinedCounts: [0, 6], examples: [0.25, null], interval: null },
  },
  zeroShot: [{ predicted: 1, optionLogProbs: [-2.5, -1 / 3] }],
  inContext: [{ predicted: 0, optionLogProbs: [-1, -2] }],
  methods: {
    GD: {
      status: 'finished',
      metrics: {
        simaou: {
          values: [0.1, 0.2],
          undefinedCounts: [0, 0],
          examples: [0.1, 0.2],
          interval: { lower: 0.05, upper: 0.3 },
        },
      },
      predictions: [{ predicted: 0, optionLogProbs: [-1e-7, -20] }],
      training: [{ gradientNorms: [1e-12, 3], losses: [7.5, 7.5] }],
    },
    LCGD: { status: 'diverged', message: 'grew' },
  },
};

let out: string;
let warnings: string[];
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'icl-gd-record-'));
  warnings = [];
});
afterEach(() => rm(out, { recursive: true }));

const read = (key: string) => new RecordStore(out).read(key, (line) => warnings.push(line));

test('a record is read back number by number, and leaves one file', async () => {
  await new RecordStore(out).write('key', RECORD);
  expect(await read('key')).toEqual(RECORD);
  expect(await readdir(join(out, 'records'))).toEqual(['key.json']);
  expect(warnings).toEqual([]);
});

test('a record that is absent is undefined without a word', async () => {
  expect(await read('key')).toBeUndefined();
  expect(warnings).toEqual([]);
});

test.each([
  ['cut off', (text: string) => text.slice(0, -20)],
  ['empty', () => ''],
  ['of another shape', (text: string) => text.replace('"gold":[0,1]', '"gold":"0,1"')],
  ['without a status', (text: string) => text.replace('"status":"finished",', '')],
  ['with a NaN', (text: string) => text.replace('-20', 'NaN')],
])('a record that is %s is undefined, with a warning that names it', async (_, damage) => {
  await new RecordStore(out).write('key', RECORD);
  const path = join(out, 'records', 'key.json');
  const text = await readFile(path, 'utf8');
  expect(damage(text)).not.toBe(text);
  await writeFile(path, damage(text));
  expect(await read('key')).toBeUndefined();
  expect(warnings).toEqual([`${path} is damaged; computing it again`]);
});

test('the key follows every part, in its place', () => {
  const keys = [['a', 1], ['a', 2], [1, 'a'], [['a', 1]], ['a', 1, null]].map(recordKey);
  expect(new Set(keys).size).toBe(keys.length);
  expect(recordKey(['a', { b: 1 }])).toBe(recordKey(['a', { b: 1 }]));
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
});

test('a method is finished or it is not there', () => {
  expect(finishedMethod(RECORD, 'GD')?.training).toHaveLength(1);
  expect(finishedMethod(RECORD, 'LCGD')).toBeUndefined();
  expect(finishedMethod({ ...RECORD, methods: {} }, 'GD')).toBeUndefined();
});
