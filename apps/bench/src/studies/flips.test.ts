import { Pcg64 } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { toCsv } from '../results/csv.ts';
import { flipLabels, flippedRows } from './flip-labels.ts';
import { type FlipsRow, flipsCurves, flipsPicture, flipsTable } from './flips.ts';
import { relabel } from '../tasks/prompts/labels.ts';

const TRAIN = Array.from({ length: 60 }, (_, i) => ({ fields: { text: `${i}` }, label: i % 3 }));
const ROWS = [41, 3, 17, 8, 55, 20, 1, 30];

test('what is flipped at a smaller share is flipped at a larger one, and all of it at 1', () => {
  const flipped = (share: number, seed = 5) => flippedRows(ROWS, { share, seed });
  expect([0, 0.25, 0.5, 0.75, 1].map((share) => flipped(share).size)).toEqual([0, 2, 4, 6, 8]);
  for (const [less, more] of [
    [0.25, 0.5],
    [0.5, 0.75],
  ] as const)
    for (const row of flipped(less)) expect(flipped(more)).toContain(row);
  expect([...flipped(1)].toSorted((a, b) => a - b)).toEqual(ROWS.toSorted((a, b) => a - b));
  expect(flipped(0.5, 6)).not.toEqual(flipped(0.5));
  // By numpy's numbers, of the demonstrations in turn.
  const random = new Pcg64((5n << 32n) | 9n);
  const drawn = ROWS.map((row) => ({ row, number: random.random() }));
  const smallest = drawn.toSorted((x, y) => x.number - y.number).slice(0, 2);
  expect(flipped(0.25)).toEqual(new Set(smallest.map(({ row }) => row)));
});

test('a flipped label is the one that wrong labels have, all others stay', () => {
  const wrong = relabel(
    ROWS.map((row) => TRAIN[row]!),
    3,
    'wrong',
    5,
  );
  const flipped = new Set([3, 17]);
  const labels = flipLabels(TRAIN, ROWS, flipped, { classes: 3, seed: 5 });
  for (const [i, row] of labels.entries())
    expect(row).toEqual(flipped.has(i) ? wrong[ROWS.indexOf(i)] : TRAIN[i]);
  expect(labels[3]?.label).not.toBe(TRAIN[3]?.label);
});

const row = (method: string, share: number, more: Partial<FlipsRow> = {}): FlipsRow => ({
  ...{ dataset: 'mr', seed: 5, permutation: 1, method, learningRate: null, share, used: 8 },
  ...{ flipped: 8 * share, examples: 40, accuracy: 0.75, zeroShot: 0.5, chance: 0.5 },
  ...more,
});

test('flips.csv', () => {
  const rows = [row('ICL', 0.25), row('GD', 0.5, { learningRate: 0.1, accuracy: undefined })];
  expect(toCsv(flipsTable('m', rows))).toBe(
    'model,dataset,seed,permutation,method,learning_rate,share,used,flipped,examples,accuracy,accuracy_zsl,chance,status\n' +
      'm,mr,5,1,ICL,,0.25,8,2,40,0.75,0.5,0.5,finished\n' +
      'm,mr,5,1,GD,0.1,0.5,8,4,40,,0.5,0.5,diverged\n',
  );
});

test('a curve is the mean over datasets and seeds, with a gap where a training diverged', () => {
  const rows = [
    ...[row('ICL', 0.5), row('ICL', 0, { accuracy: 0.9 }), row('GD', 0.5), row('GD', 0)],
    row('ICL', 0.5, { dataset: 'cb', accuracy: 0.25, chance: 1 / 3 }),
    row('GD', 0, { dataset: 'cb', accuracy: undefined, chance: 1 / 3 }),
  ];
  expect(flipsCurves(rows)).toEqual([
    {
      name: 'ICL',
      points: [
        [0, 0.9],
        [0.5, 0.5],
      ],
    },
    {
      name: 'GD',
      points: [
        [0, null],
        [0.5, 0.75],
      ],
    },
  ]);
  const picture = flipsPicture('m', rows);
  for (const name of ['ICL', 'GD', 'ZSL', 'chance']) expect(picture).toContain(`>${name}<`);
  expect(flipsPicture('m', [row('ICL', 0.5)])).toContain('>ICL<');
});
