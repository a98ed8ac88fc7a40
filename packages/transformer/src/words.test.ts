import { expect, test } from 'vitest';
import { listed, quote, shown } from './words.ts';

test('what a terminal would obey, or what hides, is shown by its number', () => {
  expect(shown('a\u001B[31m\u009B2J\nb\u202Ec\u2028d\u200Be\uFEFF')).toBe(
    String.raw`a\u{1b}[31m\u{9b}2J\u{a}b\u{202e}c\u{2028}d\u{200b}e\u{feff}`,
  );
  expect(quote('a\n"\u009B\u202E')).toBe(String.raw`"a\n\"\u{9b}\u{202e}"`);
  expect(quote('half \uD83D of a pair')).toBe(String.raw`"half \ud83d of a pair"`);
  expect(listed(['a\u001Bb', 'c'])).toBe(String.raw`a\u{1b}b, c`);
});

test('long texts are cut between characters', () => {
  expect(shown('x'.repeat(120))).toBe('x'.repeat(120));
  expect(shown('x'.repeat(121))).toBe(`${'x'.repeat(120)}…`);
  expect(shown('😀😀😀', 3)).toBe('😀…');
  expect(quote('é'.repeat(61))).toBe(`"${'é'.repeat(60)}…"`);
  expect(quote(`x${'😀'.repeat(40)}`)).toBe(`"x${'😀'.repeat(29)}…"`);
});

test('values that are no text are named, not spelt out', () => {
  expect([null, undefined, 1.5, false, {}, [1]].map(quote)).toEqual([
    ...['null', 'undefined', '1.5', 'false', '{…}', '[…]'],
  ]);
});

test('a list names the first and counts the others, and always names one', () => {
  expect(listed(['a', 'b'])).toBe('a, b');
  expect(listed(Array.from({ length: 20 }, (_, i) => `n${i}`))).toBe(
    'n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11 and 8 more',
  );
  expect(listed(Array<string>(3).fill('y'.repeat(100)))).toMatch(/^(y{60}…, ){2}y{60}…$/);
  expect(listed(Array<string>(9).fill('y'.repeat(100)))).toMatch(/^(y{60}…, ){2}y{60}… and 6 more$/);
});
