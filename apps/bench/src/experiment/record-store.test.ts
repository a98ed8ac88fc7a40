import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { injectFileFaults } from '@icl-gd/transformer/testing/file-faults';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CellAddress, type CellParts, digest } from './cell.ts';
import { type SettingRecord, settingRecord } from './record.ts';
import { RecordStore } from './record-store.ts';

const RECORD: SettingRecord = {
  status: 'finished',
  predictions: [
    { predicted: 1, optionLogProbs: [-2.5, -1 / 3] },
    { predicted: 0, optionLogProbs: [-1e-7, -20] },
  ],
  metrics: {
    simaou: {
      values: [0.1, null],
      undefinedCounts: [0, 6],
      totalCounts: [6, 6],
      examples: [0.1, null],
      interval: { lower: 0.05, upper: 0.3 },
    },
  },
  training: [{ gradientNorms: [1e-12, 3], losses: [7.5, 7.5] }],
};
const ENVIRONMENT = { format: '3', code: 'c', scores: 's', learner: '', adapter: 'a', model: 'm' };

function addressOf(
  environment: Partial<CellParts['environment']> = {},
  choices: Partial<CellParts['choices']> = {},
): CellAddress {
  const cell = {
    ...{ variant: 'trained', dataset: 'mr', initSeed: null, seed: 5, permutation: 0, setting: 'GD' },
    ...{ learningRate: 0.003, probe: 'label' as const },
  };
  const parts = {
    environment: { ...ENVIRONMENT, ...environment },
    choices: { ...cell, queries: 'q', ...choices },
  };
  return { cell, parts, title: 'trained-mr-seed5-order0-GD-label', key: digest(parts) };
}

let out: string;
let lines: string[];
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'icl-gd-record-'));
  lines = [];
});
afterEach(() => rm(out, { recursive: true }));

const open = (): RecordStore => new RecordStore(out, (line) => lines.push(line));
const pathOf = ({ title, key }: CellAddress): string => join(out, 'records', `${title}-${key}.json`);

test('a record is read back number by number, and leaves one file', async () => {
  await open().write(addressOf(), RECORD);
  const again = open();
  expect(again.has(addressOf())).toBe(true);
  expect(await again.read(addressOf(), settingRecord)).toEqual(RECORD);
  expect(await readdir(join(out, 'records'))).toHaveLength(1);
  expect(lines).toEqual([]);
});

test('a record that is absent is undefined without a word', async () => {
  expect(open().has(addressOf())).toBe(false);
  expect(await open().read(addressOf(), settingRecord)).toBeUndefined();
  expect(lines).toEqual([]);
});

test.each([
  ['cut off', (text: string) => text.slice(0, -20)],
  ['empty', () => ''],
  ['of another shape', (text: string) => text.replace('"predicted":1', '"predicted":"1"')],
  ['without a status', (text: string) => text.replace('"status":"finished",', '')],
  ['with a NaN', (text: string) => text.replace('-20', 'NaN')],
])('a record that is %s is undefined, with a warning that names it', async (_, damage) => {
  await open().write(addressOf(), RECORD);
  const path = pathOf(addressOf());
  const text = await readFile(path, 'utf8');
  expect(damage(text)).not.toBe(text);
  await writeFile(path, damage(text));
  expect(await open().read(addressOf(), settingRecord)).toBeUndefined();
  expect(lines).toEqual([`WARNING: ${path} is damaged; computing it again`]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  '%s is refused: JSON would keep it as null',
  async (value) => {
    const bad = structuredClone(RECORD) as Extract<SettingRecord, { status: 'finished' }>;
    bad.training[0]!.losses[0] = value;
    await expect(open().write(addressOf(), bad)).rejects.toThrow(
      `trained-mr-seed5-order0-GD-label: 0 is ${value}`,
    );
    expect(open().has(addressOf())).toBe(false);
  },
);

test('a record that the disk has no room for leaves the one before as it was, and nothing else', async () => {
  await open().write(addressOf(), RECORD);
  const restore = injectFileFaults(out, (_, { operation }) =>
    operation === 'appendFile' ? { code: 'ENOSPC' } : undefined,
  );
  const writing = open().write(addressOf(), { ...RECORD, training: [] });
  await expect(writing).rejects.toThrow('no space left');
  restore();
  expect(await open().read(addressOf(), settingRecord)).toEqual(RECORD);
  expect(await readdir(join(out, 'records'))).toHaveLength(1);
});

test('a folder of records that cannot be listed is an error, not an empty one', async () => {
  await writeFile(join(out, 'records'), '');
  expect(() => open().has(addressOf())).toThrow('[ENOTDIR]');
});

describe('probes', () => {
  const config = { layers: 2, heads: 1, dModel: 3 };
  const probes = [5, 2].map((queryLength, i) => ({
    attentionOutput: Float32Array.from({ length: 6 }, (__, j) => i + j / 7),
    attentionScores: Float32Array.from({ length: 2 * queryLength }, (__, j) => i - j / 3),
    queryLength,
    optionLogProbs: [-1 - i, -2],
  }));
  const validationRows = [17, 4];
  const predictions = probes.map(({ optionLogProbs }) => ({ predicted: 0, optionLogProbs }));
  const expected = { config, validationRows, predictions };
  const content = { config, validationRows, gold: [1, 0], training: [], model: 'm' };

  test('are read back bit by bit', async () => {
    await open().writeProbes(addressOf(), { ...content, probes });
    const again = open();
    expect(again.hasProbes(addressOf())).toBe(true);
    expect(await again.readProbes(addressOf(), expected)).toEqual(probes);
  });

  test('of other examples, or cut off, are computed again, with a warning', async () => {
    const store = open();
    await store.writeProbes(addressOf(), { ...content, probes });
    expect(await store.readProbes(addressOf(), { ...expected, validationRows: [17, 5] })).toBeUndefined();
    const path = pathOf(addressOf()).replace('.json', '.safetensors');
    await writeFile(path, (await readFile(path)).subarray(0, -4));
    expect(await store.readProbes(addressOf(), expected)).toBeUndefined();
    expect(lines).toEqual(Array(2).fill(`WARNING: ${path} is damaged; computing it again`));
  });

  test('that are not finite anywhere are computed again, with a warning', async () => {
    const store = open();
    await store.writeProbes(addressOf(), { ...content, probes });
    const path = pathOf(addressOf()).replace('.json', '.safetensors');
    const bytes = await readFile(path);
    // h of two examples, six numbers each, and m of 5 and 2 keys in two layers; before them log-probabilities and classes.
    const start = bytes.length - 4 * (2 * 6 + 2 * (5 + 2));
    expect(start).toBe(8 + Number(bytes.readBigUInt64LE()) + 8 * (2 * 2 + 2));
    for (let at = start; at < bytes.length; at += 4) {
      const spoiled = Buffer.from(bytes);
      spoiled.writeFloatLE(at % 8 === 0 ? Number.NaN : Number.POSITIVE_INFINITY, at);
      await writeFile(path, spoiled);
      expect(await store.readProbes(addressOf(), expected), `byte ${at}`).toBeUndefined();
    }
    expect(lines).toHaveLength(26);
  });

  test('of fewer examples than there are, or of other ones, are computed again', async () => {
    const store = open();
    await store.writeProbes(addressOf(), { ...content, probes });
    for (const other of [
      { ...expected, predictions: predictions.slice(0, 1) },
      { ...expected, predictions: [...predictions, ...predictions] },
      { ...expected, validationRows: [17] },
      { ...expected, validationRows: [17, 5] },
      { ...expected, config: { ...config, layers: 1 } },
      { ...expected, config: { ...config, heads: 2 } },
    ])
      expect(await store.readProbes(addressOf(), other)).toBeUndefined();
    expect(await store.readProbes(addressOf(), expected)).toEqual(probes);
  });

  test('of a record that only other metrics were made of serve still', async () => {
    const older = addressOf({ scores: 'x' });
    await open().write(older, RECORD);
    expect(await open().findUnscored(addressOf(), settingRecord)).toBeUndefined();
    await open().writeProbes(older, { ...content, probes });
    const found = await open().findUnscored(addressOf(), settingRecord);
    expect(found?.record).toEqual(RECORD);
    expect(await open().readProbes(found!.address, expected)).toEqual(probes);
    expect(await open().findUnscored(addressOf({ code: 'y' }), settingRecord)).toBeUndefined();
    // The same name, but of another learning rate.
    const rate = addressOf({}, { learningRate: 0.5 });
    expect(rate.title).toBe(older.title);
    expect(await open().findUnscored(rate, settingRecord)).toBeUndefined();
  });

  test('can stand under another name, and outlive their own', async () => {
    const store = open();
    await store.writeProbes(addressOf(), { ...content, probes });
    const other = join(out, 'probes', 'x.safetensors');
    await store.linkProbes(addressOf(), other);
    await store.linkProbes(addressOf(), other);
    await store.discardProbes(addressOf());
    expect(store.hasProbes(addressOf())).toBe(false);
    expect((await stat(other)).size).toBeGreaterThan(0);
  });
});

describe('records that cannot serve are passed over', () => {
  test.each([
    [{ code: 'x' }, 'other code or kernels'],
    [{ scores: 'x' }, 'other metrics'],
    [{ learner: 'x' }, 'another learner file'],
    [{ adapter: 'x' }, 'another adapter'],
    [{ model: 'x' }, 'other model files'],
    [{ format: '4' }, 'another version of this program'],
    [{ code: 'x', model: 'x' }, 'other code or kernels, other model files'],
  ])('of other circumstances: %j, with a line that says which', async (environment, words) => {
    await open().write(addressOf(environment), RECORD);
    const store = open();
    expect(await store.read(addressOf(), settingRecord)).toBeUndefined();
    await store.reportPassedOver([addressOf(), addressOf()]);
    const then = words === 'other metrics' ? 'scoring again what is kept' : 'computing again';
    expect(lines).toEqual([`1 record was made with ${words}: passed over, ${then}`]);
  });

  test('of other choices: without a word, whatever else is different', async () => {
    await open().write(addressOf({}, { learningRate: 0.5 }), RECORD);
    await open().write(addressOf({ code: 'x' }, { learningRate: 0.5 }), RECORD);
    await open().reportPassedOver([addressOf()]);
    expect(lines).toEqual([]);
  });

  test('where one that serves is there too: without a word', async () => {
    await open().write(addressOf({ code: 'x' }), RECORD);
    await open().write(addressOf(), RECORD);
    await open().reportPassedOver([addressOf()]);
    expect(lines).toEqual([]);
  });

  test('of the older kind, whose files had only a key: with a line', async () => {
    await open().write(addressOf(), RECORD);
    await writeFile(join(out, 'records', `${'0a'.repeat(16)}.json`), '{}');
    await open().reportPassedOver([addressOf()]);
    expect(lines).toEqual(['1 record is of an older version of this program: passed over']);
  });
});
