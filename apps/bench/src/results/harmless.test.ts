import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCsv } from './csv.ts';
import { fromHarmless, toHarmless } from './harmless.ts';

const FORMULAS = [
  '=1+1',
  '+cmd|x',
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\nx',
  ' =1',
  '\uFF1D1+1',
  "'=1",
  "''=1",
];

describe('a text that a spreadsheet would run', () => {
  test.each(FORMULAS)('%j has an apostrophe before it, and is read back as it was', (text) => {
    expect(toHarmless(text)).toBe(`'${text}`);
    expect(fromHarmless(toHarmless(text))).toBe(text);
  });

  test('any text is read back as it was, and none begins as a formula does', () => {
    const parts = fc.constantFrom('=', '+', '-', '@', "'", ' ', '\t', '\r', '\n', 'a', '1', '\uFF0B');
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts, { maxLength: 6 }).map((own) => own.join('')),
    );
    fc.assert(
      fc.property(text, (own) => {
        expect(fromHarmless(toHarmless(own))).toBe(own);
        if (own.trim().length > 1) expect(toHarmless(own)).not.toMatch(/^\s*[=+\-@]/);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each(['-', 'GD', "it's", "'quoted'", 'a=b', ''])('%j stays as it is', (text) => {
  expect(toHarmless(text)).toBe(text);
  expect(fromHarmless(text)).toBe(text);
});

test('numbers stay numbers, negative ones too; names of columns are texts', () => {
  const table = {
    columns: ['=name', 'value'],
    rows: [
      ['=x', -0.5],
      ['-', -1e-7],
    ],
  };
  expect(toCsv(table)).toBe("'=name,value\n'=x,-0.5\n-,-1e-7\n");
});
