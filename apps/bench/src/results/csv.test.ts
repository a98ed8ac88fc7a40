import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { injectFileFaults } from '@icl-gd/transformer/testing/file-faults';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CsvFile, toCsv } from './csv.ts';

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

test('long texts that begin alike stay apart', () => {
  const start = 'its weights grew to "much", that is to ';
  const rows = [1, 2, 1, 3].map((times) => [start.repeat(times)]);
  expect(parse(toCsv({ columns: ['message'], rows }), { from_line: 2 })).toEqual(rows);
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

describe('files', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'icl-gd-csv-'))));
  afterEach(() => rm(folder, { recursive: true }));

  test('rows come in the order in which they are added, and one that is refused is named by its number in the file', async () => {
    const path = join(folder, 'table.csv');
    const file = await CsvFile.create(path, ['a', 'b']);
    await file.add([['x', 1]]);
    await file.add([]);
    await file.add([
      ['y', 2],
      ['z', null],
    ]);
    await expect(
      file.add([
        ['ok', 3],
        ['bad', Number.NaN],
      ]),
    ).rejects.toThrow('row 4, column b: NaN');
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('a,b\nx,1\ny,2\nz,\n');
  });

  test('one that cannot take its name leaves no part of itself', async () => {
    await mkdir(join(folder, 'table.csv', 'taken'), { recursive: true });
    const file = await CsvFile.create(join(folder, 'table.csv'), ['a']);
    await expect(file.close()).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    await file.abandon();
    expect(await readdir(folder)).toEqual(['table.csv']);
  });

  test('one whose header cannot be written leaves nothing', async () => {
    const restore = injectFileFaults(folder, (_, { operation }) =>
      operation === 'appendFile' ? { code: 'ENOSPC' } : undefined,
    );
    await expect(CsvFile.create(join(folder, 'table.csv'), ['a'])).rejects.toThrow('no space left');
    restore();
    expect(await readdir(folder)).toEqual([]);
  });
});
