import { UserError } from '@icl-gd/gpu-kernels/errors';
import { expect, test } from 'vitest';
import { GLOB_BUDGET, compileGlob, hasMagic } from './glob.ts';

function fits(pattern: string, path: string): boolean {
  return compileGlob(pattern, { left: GLOB_BUDGET })(path);
}

test.each([
  ['a.csv', ['a.csv'], ['b.csv', 'd/a.csv', 'a.csv2']],
  ['*.csv', ['a.csv', '.csv'], ['d/a.csv', 'a.tsv']],
  ['*', ['a.csv'], ['', 'd/a.csv']],
  ['c?.csv', ['c1.csv', 'c\u{1F3AC}.csv'], ['c.csv', 'c10.csv', 'c/.csv']],
  ['c[12].csv', ['c1.csv', 'c2.csv'], ['c3.csv', 'c[.csv']],
  ['c[!1].csv', ['c2.csv', 'c!.csv'], ['c1.csv', 'c/.csv']],
  ['c[0-9a].csv', ['c5.csv', 'ca.csv'], ['c-.csv', 'cb.csv']],
  ['c[a-].csv', ['c-.csv', 'ca.csv'], ['cb.csv']],
  ['[]a].csv', ['].csv', 'a.csv'], ['b.csv']],
  ['[b-a].csv', [], ['a.csv', 'b.csv', '-.csv']],
  ['[a.csv', ['[a.csv'], ['a.csv']],
  ['d/*', ['d/a'], ['d/e/a', 'd/', 'd']],
  ['d/**', ['d/a', 'd/e/a'], ['d', 'e/d/a']],
  ['**/a', ['a', 'd/a', 'd/e/a'], ['da', 'd/ba', '/a']],
  ['d/**/a', ['d/a', 'd/e/a', 'd/e/f/a'], ['d/ea', 'a']],
  ['**', ['a', 'd/a'], []],
  ['{a,b}', ['{a,b}'], ['a', 'b']],
  ['+(a|b)', ['+(a|b)'], ['a', 'ab']],
  ['a\\*', ['a\\x'], ['a*']],
])('%s', (pattern, fitting, others) => {
  for (const path of fitting) expect(fits(pattern, path), path).toBe(true);
  for (const path of others) expect(fits(pattern, path), path).toBe(false);
});

test('what has no star, question mark or bracket is a path', () => {
  expect(['a.csv', '{a,b}', '!(x)', ''].some(hasMagic)).toBe(false);
  expect(['*', 'a?', '[a'].every(hasMagic)).toBe(true);
});

test('braces, groups and many stars cost no more than their length', () => {
  for (const pattern of [
    `${'{a,b}'.repeat(16)}*`,
    '{1..20000000}*',
    `${'+('.repeat(200)}*`,
    `${'*a'.repeat(500)}b`,
    `${'**/'.repeat(300)}b`,
  ])
    expect(fits(pattern, 'a/'.repeat(500))).toBe(false);
});

test('patterns that are too long, malformed, or too many for the files are refused', () => {
  expect(() => fits('a'.repeat(1025), 'a')).toThrow(
    new UserError(`the pattern ${'a'.repeat(60)}… has 1025 characters; at most 1024 are read`),
  );
  expect(() => fits('a**', 'a')).toThrow('the pattern a** has ** beside other characters of a name');
  const budget = { left: 1000 };
  const matches = compileGlob('*a*a*a*', budget);
  expect(() => Array.from({ length: 1000 }, () => matches('b'.repeat(100)))).toThrow(
    new UserError('the patterns are too many or too long for the files; the last is *a*a*a*'),
  );
});
