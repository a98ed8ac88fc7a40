import { expect, test } from 'vitest';
import type { TopRow } from '../decoder/evaluate.ts';
import { type EvaluationBatch, largestBatches } from './workload.ts';

function batch(
  lengths: readonly number[],
  probes: readonly (readonly [row: number, firstKey: number])[],
  targetRows: readonly number[],
): EvaluationBatch {
  return lengths.map((length, i) => ({
    tokens: Array<number>(length).fill(1),
    probes: i === 0 ? probes.map(([row, firstKey]) => ({ row, firstKey })) : [],
    logProbs: i === 0 ? targetRows.map((row) => ({ row, token: 0 })) : [],
  }));
}

function withTop([first, ...rest]: EvaluationBatch, top: readonly TopRow[]): EvaluationBatch {
  return first ? [{ ...first, top }, ...rest] : rest;
}

const BASE = batch([20, 20], [[19, 10]], [19, 19]);
/** Each is larger than `BASE` in one respect and smaller in another. */
const LARGER: Readonly<Record<string, EvaluationBatch>> = {
  'more tokens': batch([30, 20], [[19, 10]], [19]),
  'more sequences': batch([10, 10, 10], [[9, 0]], [9, 9]),
  'more probes': batch(
    [19, 20],
    [
      [18, 17],
      [18, 18],
    ],
    [18, 18],
  ),
  'more keys': batch([19, 20], [[18, 0]], [18, 18]),
  'more log-probabilities': batch([19, 20], [[18, 9]], [18, 18, 18]),
  'more rows with likeliest tokens': withTop(batch([19, 20], [[18, 9]], [18, 18]), [{ row: 18, k: 1 }]),
  'more rows with log-probabilities': batch([19, 20], [[18, 9]], [17, 18]),
};

test.each(Object.entries(LARGER))(
  'a batch with %s may need more memory than one with more of others',
  (_, other) => {
    expect(largestBatches([BASE, other])).toEqual([BASE, other]);
    expect(largestBatches([other, BASE])).toEqual([other, BASE]);
  },
);

test('of as many rows the one with more of the likeliest tokens needs more', () => {
  const [few, many] = [3, 5].map((k) => withTop(BASE, [{ row: 19, k }])) as [
    EvaluationBatch,
    EvaluationBatch,
  ];
  expect(largestBatches([few, many, BASE])).toEqual([many]);
});

test('a batch that another one covers is left out, before it and after it', () => {
  const small = batch([20, 5], [[19, 15]], [19]);
  expect(largestBatches([small, BASE])).toEqual([BASE]);
  expect(largestBatches([BASE, small, BASE])).toEqual([BASE]);
});
