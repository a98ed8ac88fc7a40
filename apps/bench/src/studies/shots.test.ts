import { expect, test } from 'vitest';
import { toCsv } from '../results/csv.ts';
import { type ShotsRow, shotsCurves, shotsTable } from './shots.ts';

const row = (shots: number, accuracy: number, more: Partial<ShotsRow> = {}): ShotsRow => ({
  ...{ variant: 'trained', dataset: 'mr', seed: 5, permutation: 1, labels: 'gold', examples: 40 },
  ...{ shots, used: shots, accuracy, chance: 0.5 },
  ...more,
});

test('shots.csv', () => {
  expect(toCsv(shotsTable('m', [row(4, 0.75, { used: 3, labels: 'wrong' })]))).toBe(
    'model,variant,dataset,seed,permutation,labels,shots,used,examples,accuracy,chance\n' +
      'm,trained,mr,5,1,wrong,4,3,40,0.75,0.5\n',
  );
});

test('a curve is the mean over datasets and seeds; without demonstrations all labels are the same', () => {
  const rows = [
    row(4, 0.75),
    row(0, 0.25),
    row(0, 0.75, { dataset: 'cb' }),
    row(4, 0.25, { dataset: 'cb' }),
    row(4, 0.125, { labels: 'wrong' }),
    row(0, 0.4, { variant: 'untrained' }),
  ];
  expect(shotsCurves(rows)).toEqual([
    ...[
      {
        name: 'trained, gold labels',
        points: [
          [0, 0.5],
          [4, 0.5],
        ],
      },
      {
        name: 'trained, wrong labels',
        points: [
          [0, 0.5],
          [4, 0.125],
        ],
      },
    ],
    { name: 'untrained, gold labels', points: [[0, 0.4]] },
  ]);
});
