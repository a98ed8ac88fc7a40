import { expect, test } from 'vitest';
import { splitLines } from './split-lines.ts';

test.each(['\n', '\r\n', '\r', '\v', '\f', '\u001C', '\u001D', '\u001E', '\u0085', '\u2028', '\u2029'])(
  '%j separates lines',
  (separator) => {
    expect(splitLines(`a${separator}b`)).toEqual(['a', 'b']);
    expect(splitLines(`${separator}a${separator}${separator}b${separator}`)).toEqual(['a', 'b']);
  },
);

test('lines of white space stay, other white space and controls do not separate', () => {
  expect(splitLines(' \n\t\n a ')).toEqual([' ', '\t', ' a ']);
  const others = 'a\u001Fb\u00A0c\u200Bd\u2000e\u0000f\uFEFFg';
  expect(splitLines(others)).toEqual([others]);
  expect(splitLines('')).toEqual([]);
});
