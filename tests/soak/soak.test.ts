import { Pcg64 } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { mutate, mutateWord } from './mutate.ts';
import { requirePrintable } from './printable.ts';

test('the same seed damages an input in the same way, another seed in another', () => {
  const bytes = Buffer.from('{"a": [1, 2, "three"], "b": null}\nsecond line\n');
  const damaged = (seed: number): string => mutate(new Pcg64(seed), bytes, bytes).toString('hex');
  expect(damaged(3)).toBe(damaged(3));
  expect(new Set(Array.from({ length: 200 }, (_, seed) => damaged(seed))).size).toBeGreaterThan(150);
  const words = Array.from({ length: 50 }, (_, seed) => mutateWord(new Pcg64(seed), ['gd']));
  expect(words).toContain('gd');
  expect(words.some((word) => word.includes('\0'))).toBe(false);
});

test.each(['\u{1b}[2J', '\u{7}', '\r', '\u{9b}1m', '\u{202e}', '\u{2028}', 'x'.repeat(311)])(
  'a text with %j is not for a terminal',
  (text) => {
    expect(() => requirePrintable(`before ${text} after`)).toThrow(/prints U\+|characters/);
    expect(() => requirePrintable('a line\nand\tanother')).not.toThrow();
  },
);
