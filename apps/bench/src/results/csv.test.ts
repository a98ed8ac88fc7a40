import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCsv, writeWhole } from './csv.ts';

test('a header line, decimal points, empty fields for null, quotes where they are needed', () => {
  const columns = ['name', 'value'];
  const rows = [
    ['plain', 0.1],
    ['a,b', -0.00001],
    ['say "x"\n', null],
    ['', 1e21],
  ];
  expect(toCsv({ columns, rows })).toBe('name,value\nplain,0.1\n"a,b",-0.00001\n"say ""x""\n",\n,1e+21\n');
});

test('a table without rows keeps its header', () => {
  expect(toCsv({ columns: ['a', 'b'], rows: [] })).toBe('a,b\n');
});

test('every finite number is read back as it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
      (numbers) => {
        const text = toCsv({ columns: ['value'], rows: numbers.map((value) => [value]) });
        const read = parse(text, { from_line: 2 }) as string[][];
        // The sign of zero is no part of a table.
        expect(read.map(([field]) => Number(field) + 0)).toEqual(numbers.map((value) => value + 0));
      },
    ),
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  '%s never gets into a table',
  (value) => {
    expect(() =>
      toCsv({
        columns: ['a', 'b'],
        rows: [
          ['x', 1],
          ['y', value],
        ],
      }),
    ).toThrow(`row 1, column b: ${value} is not finite`);
  },
);

test('a file is made with its folder, replaced as a whole, and nothing else is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'icl-gd-csv-'));
  try {
    const path = join(folder, 'below', 'table.csv');
    await writeWhole(path, 'long enough to leave a rest\n');
    await writeWhole(path, 'short\n');
    expect(await readFile(path, 'utf8')).toBe('short\n');
    expect(await readdir(join(folder, 'below'))).toEqual(['table.csv']);
    await writeFile(join(folder, 'file'), '');
    await expect(writeWhole(join(folder, 'file', 'table.csv'), '')).rejects.toThrow(/EEXIST|ENOTDIR/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
