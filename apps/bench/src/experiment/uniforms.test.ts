import { Pcg64 } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { uniformsOf } from './uniforms.ts';

test('every reader has the numbers of a new generator of its seed, whoever read before it or reads beside it', () => {
  const expected = (seed: bigint, count: number): number[] => {
    const generator = new Pcg64(seed);
    return Array.from({ length: count }, () => generator.random());
  };
  const read = (reader: () => number, count: number): number[] => Array.from({ length: count }, reader);
  const first = uniformsOf(5n);
  expect(read(first, 3)).toEqual(expected(5n, 3));
  expect(read(uniformsOf(5n), 7)).toEqual(expected(5n, 7));
  expect(read(uniformsOf(6n), 4)).toEqual(expected(6n, 4));
  expect(read(first, 6)).toEqual(expected(5n, 9).slice(3));
  expect(read(uniformsOf(5n), 2)).toEqual(expected(5n, 2));
});
