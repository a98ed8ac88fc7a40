import { UserError } from '@icl-gd/gpu-kernels/errors';
import { expect, test } from 'vitest';
import { selectDemonstrations, selectValidation } from './selection.ts';

// numpy 2: default_rng(5).permutation(10), and five calls of numpy.random.permutation(6) after numpy.random.seed(5).
const SEED_5_OF_10 = [7, 6, 1, 3, 2, 4, 0, 9, 5, 8];
const LEGACY_DRAWS = [
  [5, 2, 4, 1, 0, 3],
  [5, 1, 4, 2, 0, 3],
  [2, 3, 0, 5, 1, 4],
  [5, 0, 2, 1, 3, 4],
  [0, 3, 1, 4, 2, 5],
];
// The next five calls.
const RELEASED_DRAWS = [
  [0, 3, 5, 4, 1, 2],
  [3, 4, 1, 5, 0, 2],
  [1, 3, 2, 4, 5, 0],
];

function select(shots: number, permutation = 0): number[] {
  return selectDemonstrations({ trainRows: 10, shots, seed: 5, permutation });
}

test('demonstrations are the first of numpy’s permutation, all if there are fewer', () => {
  expect(select(3)).toEqual(SEED_5_OF_10.slice(0, 3));
  expect(select(32)).toEqual(SEED_5_OF_10);
});

test('permutation p takes legacy draw p, counted from 0', () => {
  for (const permutation of [1, 2, 3, 4]) {
    const expected = LEGACY_DRAWS[permutation]!.map((place) => SEED_5_OF_10[place]);
    expect(select(6, permutation)).toEqual(expected);
  }
});

test('the released fine-tuning process takes draw 5 + p, and no draw for p = 0', () => {
  const released = (permutation: number) =>
    selectDemonstrations({ trainRows: 10, shots: 6, seed: 5, permutation, order: 'released' });
  expect(released(0)).toEqual(select(6));
  for (const permutation of [1, 2]) {
    const expected = RELEASED_DRAWS[permutation]!.map((place) => SEED_5_OF_10[place]);
    expect(released(permutation)).toEqual(expected);
  }
});

test('validation rows come from seed 1, at most 2,000 of them', () => {
  expect(selectValidation(2, 5)).toEqual([0, 1]);
  expect(selectValidation(7600, 1e6)).toHaveLength(2000);
  expect(new Set(selectValidation(2500, 2000)).size).toBe(2000);
});

test('numbers that select nothing are refused', () => {
  for (const refused of [() => select(0, 0), () => select(1.5, 0), () => select(4, 5), () => select(4, -1)]) {
    expect(refused).toThrow(UserError);
  }
  expect(() => select(4, 5)).toThrow('Permutation 5 does not exist; choose 0 to 4.');
  expect(() => selectValidation(10, 0)).toThrow('The number of examples must be a positive integer, not 0.');
});
