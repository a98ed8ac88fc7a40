import { expect, test } from 'vitest';
import { readPublishedCells, readPublishedDatasets } from './published/read-published.ts';
import { toCsv } from './csv.ts';
import type { DatasetSize } from './measured.ts';
import { measureTrial } from './measured.ts';
import { type SeedMean, lookup, seedMeans } from './seed-means.ts';
import { comparisonTable, table1, table2, table3 } from './tables.ts';
import { TRIAL } from './test-support.ts';
import { measuredCell } from './validation/test-support.ts';

const DATASETS = ['sst2', 'sst5', 'mr', 'subj', 'agnews', 'cb'];
const score = (metric: string, variant: string, method: string, dataset: string, mean: number): SeedMean => ({
  ...{ metric, variant, method, dataset, mean, deviation: 0.5, seeds: 2 },
});

test('mean and sample deviation over seeds; an undefined seed is left out', () => {
  const cell = (seed: number, value: number | null) => ({
    ...measuredCell({ method: 'GD', dataset: 'mr', seed }),
    numbers: new Map([['simaou', value]]),
  });
  expect(seedMeans([cell(5, 0.1), cell(6, 0.2), cell(7, null), cell(8, 0.6)])).toEqual([
    {
      metric: 'simaou',
      variant: 'trained',
      method: 'GD',
      dataset: 'mr',
      mean: expect.closeTo(0.3),
      deviation: expect.closeTo(Math.sqrt(0.07)),
      seeds: 3,
    },
  ]);
  expect(seedMeans([cell(5, 0.1)])).toMatchObject([{ mean: 0.1, deviation: null, seeds: 1 }]);
});

test('seeds alone are averaged over: variants, methods, datasets and metrics stay apart', () => {
  const cell = (variant: string, method: string, dataset: string, seed: number, value: number) => ({
    ...measuredCell({ variant, method, dataset, seed }),
    numbers: new Map([
      ['simaou', value],
      ['simam', -value],
    ]),
  });
  const means = seedMeans([
    cell('trained', 'GD', 'mr', 5, 1),
    cell('trained', 'GD', 'mr', 6, 3),
    cell('untrained', 'GD', 'mr', 5, 10),
    cell('trained', 'LCGD', 'mr', 5, 20),
    cell('trained', 'GD', 'cb', 5, 30),
  ]);
  expect(means.map((own) => [own.metric, own.variant, own.method, own.dataset, own.mean, own.seeds])).toEqual(
    [
      ['simaou', 'trained', 'GD', 'mr', 2, 2],
      ['simam', 'trained', 'GD', 'mr', -2, 2],
      ['simaou', 'untrained', 'GD', 'mr', 10, 1],
      ['simam', 'untrained', 'GD', 'mr', -10, 1],
      ['simaou', 'trained', 'LCGD', 'mr', 20, 1],
      ['simam', 'trained', 'LCGD', 'mr', -20, 1],
      ['simaou', 'trained', 'GD', 'cb', 30, 1],
      ['simam', 'trained', 'GD', 'cb', -30, 1],
    ],
  );
  for (const own of means) expect(lookup(means)(own)).toBe(own);
});

test('what a trial measured is what the tables are made of', () => {
  const find = lookup(seedMeans(measureTrial(TRIAL)));
  const key = { variant: 'trained', dataset: 'mr' };
  expect(find({ ...key, metric: 'simaou', method: 'GD' })).toMatchObject({
    mean: 0.125,
    deviation: null,
    seeds: 1,
  });
  expect(find({ ...key, metric: 'accuracy_ft', method: 'GD' })?.mean).toBe(1);
  expect(find({ ...key, metric: 'simaou', method: 'LCGD' })).toBeUndefined();
});

test('table1.csv: GD by variant; other methods and datasets are no part of it', () => {
  const cells = [
    score('simaou', 'untrained', 'GD', 'mr', 0.25),
    score('simaou', 'trained', 'LCGD', 'mr', 0.75),
    score('simam_delta', 'trained', 'GD', 'agnews', 0.75),
    { ...score('simam_delta', 'trained', 'GD', 'cb', -0.125), deviation: null },
  ];
  expect(toCsv(table1(cells, ['trained', 'untrained']))).toMatchInlineSnapshot(`
    "metric,model_variant,sst2,sst2_std,sst5,sst5_std,mr,mr_std,subj,subj_std,cb,cb_std
    simaou,trained,,,,,,,,,,
    simaou,untrained,,,,,0.25,0.5,,,,
    simam_delta,trained,,,,,,,,,-0.125,
    simam_delta,untrained,,,,,,,,,,
    "
  `);
});

test('table2.csv: an average only over all six datasets', () => {
  const cells = [
    ...DATASETS.map((dataset, i) => score('simaou', 'trained', 'GD', dataset, i)),
    ...DATASETS.slice(1).map((dataset) => score('simaou', 'trained', 'LCGD', dataset, 1)),
    score('simaou', 'untrained', 'LCGD', 'sst2', 1),
  ];
  expect(toCsv(table2(cells, ['GD', 'LCGD']))).toMatchInlineSnapshot(`
    "metric,method,sst2,sst2_std,sst5,sst5_std,mr,mr_std,subj,subj_std,agnews,agnews_std,cb,cb_std,average
    simaou_norm,GD,,,,,,,,,,,,,
    simaou_norm,LCGD,,,,,,,,,,,,,
    simaou,GD,0,0.5,1,0.5,2,0.5,3,0.5,4,0.5,5,0.5,2.5
    simaou,LCGD,,,1,0.5,1,0.5,1,0.5,1,0.5,1,0.5,
    simam,GD,,,,,,,,,,,,,
    simam,LCGD,,,,,,,,,,,,,
    simam_delta,GD,,,,,,,,,,,,,
    simam_delta,LCGD,,,,,,,,,,,,,
    "
  `);
});

test("tables 1 and 2 have the published files' columns", () => {
  expect(table1([], []).columns).toEqual([
    'metric',
    'model_variant',
    ...['sst2', 'sst5', 'mr', 'subj', 'cb'].flatMap((id) => [id, `${id}_std`]),
  ]);
  expect(table2([], []).columns).toEqual([
    'metric',
    'method',
    ...DATASETS.flatMap((id) => [id, `${id}_std`]),
    'average',
  ]);
});

test('table3.csv: in the order of the paper, only what was read', () => {
  const sizes = new Map<string, DatasetSize>([
    ['cb', { train: 250, validation: 56, averageTokens: 70.5 }],
    ['mr', { train: 8530, validation: 1066, averageTokens: 25 }],
  ]);
  expect(toCsv(table3(sizes))).toBe(
    'dataset,train,validation,average_tokens\nmr,8530,1066,25\ncb,250,56,70.5\n',
  );
});

test('comparison.csv: every published cell, measured or not', () => {
  const sizes = new Map<string, DatasetSize>([['mr', { train: 10, validation: 5, averageTokens: 3 }]]);
  const own = { ...score('simaou', 'trained', 'LCGD', 'mr', 0.5), deviation: 0.125 };
  const { columns, rows } = comparisonTable([own], sizes, () => true);
  expect(rows).toHaveLength(readPublishedCells().length + 3 * readPublishedDatasets().length);
  const entries = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
  const measured = entries.filter((entry) => entry['measured'] !== null);
  expect(measured).toEqual([
    {
      table: 2,
      metric: 'simaou',
      variant: 'trained',
      method: 'LCGD',
      dataset: 'mr',
      published: 0.21,
      published_std: 0.03,
      measured: 0.5,
      measured_std: 0.125,
      difference: expect.closeTo(0.29),
      seeds: 2,
    },
    ...[
      { metric: 'train', published: 8530, measured: 10, difference: -8520 },
      { metric: 'validation', published: 1066, measured: 5, difference: -1061 },
      { metric: 'average_tokens', published: 113.39, measured: 3, difference: expect.closeTo(-110.39) },
    ].map((size) => ({
      ...{ table: 3, variant: '-', method: '-', dataset: 'mr' },
      ...{ published_std: null, measured_std: null, seeds: null },
      ...size,
    })),
  ]);
  expect(entries.find((entry) => entry['metric'] === 'simaou' && entry['dataset'] === 'cb')).toMatchObject({
    measured: null,
    difference: null,
    seeds: 0,
  });
});
