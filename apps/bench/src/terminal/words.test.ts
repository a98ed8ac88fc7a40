import { expect, test } from 'vitest';
import { counted, listed } from './words.ts';

test('one of a thing has no s', () => {
  expect([0, 1, 2].map((shots) => counted(shots, 'shot'))).toEqual(['0 shots', '1 shot', '2 shots']);
  expect(counted(1, 'cell')).toBe('1 cell');
});

test('a long list is cut and says how many more there are', () => {
  const names = Array.from({ length: 30 }, (_, i) => `n${i}`);
  expect(listed(names.slice(0, 13))).toBe(names.slice(0, 13).join(', '));
  expect(listed(names.slice(0, 14))).toBe(`${names.slice(0, 12).join(', ')} and 2 more`);
  expect(listed(names)).toBe(`${names.slice(0, 12).join(', ')} and 18 more`);
  expect(listed([])).toBe('');
});
