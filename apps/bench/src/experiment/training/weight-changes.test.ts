import type { ParameterChange } from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { changeCosine, keyValueChange, precisionOf } from './weight-changes.ts';

function changed(name: string, before: readonly number[], after: readonly number[]): ParameterChange {
  return { name, shape: [before.length], before: Float32Array.from(before), after: Float32Array.from(after) };
}
const KEY = 'layers.0.attention.key.weight';
const VALUE = 'layers.0.attention.value.bias';

test('a change below half a unit in the last place of float16 vanishes', () => {
  // Halves near 1 are 2^-10 apart.
  const of = (delta: number) => precisionOf([changed(KEY, [1, -1], [1 + delta, -1 - delta])]);
  expect(of(2 ** -12)).toEqual({
    ...{ changed: 0, cosine: null, cosineOfRounded: null },
    relativeSize: 2 ** -12,
  });
  expect(of(2 ** -10)).toMatchObject({ changed: 1, relativeSize: 2 ** -10 });
  expect(of(2 ** -10).cosine).toBeCloseTo(1, 15);
});

test('the share counts weights of all parameters, the cosine is of what is left of them', () => {
  const own = precisionOf([
    changed(KEY, [1, 1], [1 + 2 ** -10, 1 + 2 ** -12]),
    changed(VALUE, [0, 2], [2 ** -20, 2]),
  ]);
  expect(own.changed).toBe(2 / 4);
  const delta = [2 ** -10, 2 ** -12, 2 ** -20, 0];
  const left = [2 ** -10, 0, 2 ** -20, 0];
  const dot = delta.reduce((sum, value, i) => sum + value * left[i]!, 0);
  expect(own.cosine).toBeCloseTo(dot / Math.hypot(...delta) / Math.hypot(...left), 14);
  expect(own.cosineOfRounded).toBe(own.cosine);
  expect(own.relativeSize).toBeCloseTo(Math.hypot(...delta) / Math.hypot(1, 1, 0, 2), 14);
});

test('of weights that are none of float16, their own rounding is part of the one cosine and not of the other', () => {
  const own = precisionOf([changed(KEY, [1 + 2 ** -13], [1 + 2 ** -12])]);
  expect(own).toMatchObject({ changed: 0, cosine: -1, cosineOfRounded: null });
});

test('nothing trained, nothing changed and weights beyond float16 have no numbers that mean nothing', () => {
  expect(precisionOf([])).toEqual({ changed: null, cosine: null, cosineOfRounded: null, relativeSize: null });
  expect(precisionOf([changed(KEY, [1 / 3], [1 / 3])])).toEqual({
    ...{ changed: 0, cosine: null, cosineOfRounded: null, relativeSize: 0 },
  });
  expect(precisionOf([changed(KEY, [0], [1])])).toMatchObject({ changed: 1, cosine: 1, relativeSize: null });
  expect(precisionOf([changed(KEY, [1, 1], [1e6, 2])])).toMatchObject({ changed: 1, cosine: null });
});

test('the cosine of two changes is over keys and values together; what one left alone did not change', () => {
  const a = keyValueChange([
    changed(KEY, [1, 1], [2, 1]),
    changed(VALUE, [5], [5]),
    changed('layers.0.feedForward.up.weight', [0], [100]),
  ]);
  expect([...a.keys()]).toEqual([KEY, VALUE]);
  const b = keyValueChange([changed(VALUE, [5], [6]), changed(KEY, [1, 1], [2, 1])]);
  expect(changeCosine(a, b)).toBeCloseTo(1 / Math.sqrt(2), 15);
  expect(changeCosine(b, a)).toBe(changeCosine(a, b));
  expect(changeCosine(a, keyValueChange([changed(VALUE, [5], [7])]))).toBe(0);
  expect(changeCosine(a, new Map())).toBeNull();
  expect(changeCosine(new Map(), new Map())).toBeNull();
});
