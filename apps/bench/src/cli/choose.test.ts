import { UserError } from '@icl-gd/gpu-kernels/errors';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { choose, chooseList, integer, integerList, positiveList, positiveNumber } from './choose.ts';

const COLOURS = ['red', 'green', 'Blue'] as const;

test('a known name is found in any case, in its own spelling', () => {
  expect(choose('--colour', 'BLUE', COLOURS)).toBe('Blue');
  expect(chooseList('--colour', 'green, red', COLOURS)).toEqual(['green', 'red']);
});

test('an unknown name is refused with all known ones, and the nearest if it is near', () => {
  expect(() => choose('--colour', 'gren', COLOURS)).toThrow(
    new UserError('--colour: unknown "gren" (did you mean green?); known: red, green, Blue'),
  );
  expect(() => choose('--colour', 'ultraviolet', COLOURS)).toThrow(
    new UserError('--colour: unknown "ultraviolet"; known: red, green, Blue'),
  );
});

test.each(['', 'red,', ',red', 'red,,green', ' '])('%j has an empty entry', (text) => {
  expect(() => chooseList('--colour', text, COLOURS)).toThrow('an entry of the list is empty');
});

test('a name or number given twice is refused', () => {
  expect(() => chooseList('--colour', 'red,RED', COLOURS)).toThrow(
    new UserError('--colour: red is named twice'),
  );
  expect(() => integerList('--seeds', '5,6,05')).toThrow(new UserError('--seeds: 5 is named twice'));
});

test('every list of different integers is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.maxSafeNat(), { minLength: 1 }), (seeds) => {
      expect(integerList('--seeds', seeds.join(', '))).toEqual(seeds);
    }),
  );
});

test.each(['', '1.0', '1e3', '0x10', 'five', '-1', 'Infinity', 'NaN', '1 2'])(
  '%j is no whole number from 0 on',
  (text) => {
    expect(() => integer('--seed', text, 0)).toThrow(
      new UserError(`--seed ${text}: must be a whole number of at least 0`),
    );
  },
);

test('both ends of a range are in it', () => {
  expect([0, 4].map((value) => integer('--permutation', `${value}`, 0, 4))).toEqual([0, 4]);
  expect(() => integer('--permutation', '5', 0, 4)).toThrow('must be a whole number from 0 to 4');
});

test.each([
  ['0.003', 0.003],
  ['1e-4', 1e-4],
  ['.5', 0.5],
  ['+2.', 2],
])('%s is a positive number', (text, value) => {
  expect(positiveNumber('--rate', text)).toBe(value);
});

test.each(['0', '-1', '', 'fast', '0x1', 'Infinity', '1e-999', 'NaN', '1,5', '1e'])(
  '%j is no positive number',
  (text) => {
    expect(() => positiveNumber('--rate', text)).toThrow(
      new UserError(`--rate ${text}: must be a number above 0`),
    );
  },
);

test('a number that is too large is told from one that is none', () => {
  expect(() => positiveNumber('--rate', '1e999')).toThrow('must be a number of at most 1.797');
  expect(() => integer('--seed', '9007199254740993', 0)).toThrow(
    'must be a whole number from 0 to 9007199254740991',
  );
});

test('a list of positive numbers has each of them once', () => {
  expect(positiveList('--rates', '0.1, 3')).toEqual([0.1, 3]);
  expect(() => positiveList('--rates', '0.1,.1')).toThrow(new UserError('--rates: 0.1 is named twice'));
  expect(() => positiveList('--rates', '0.1,')).toThrow('--rates "0.1,": an entry of the list is empty');
});
