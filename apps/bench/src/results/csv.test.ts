import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CsvFile, toCsv, writeWhole } from './csv.ts';

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

  test('a file is made with its folder, replaced as a whole, and nothing else is left', async () => {
    const path = join(folder, 'below', 'table.csv');
    await writeWhole(path, 'long enough to leave a rest\n');
    await writeWhole(path, 'short\n');
    expect(await readFile(path, 'utf8')).toBe('short\n');
    expect(await readdir(join(folder, 'below'))).toEqual(['table.csv']);
    await writeFile(join(folder, 'file'), '');
    await expect(writeWhole(join(folder, 'file', 'table.csv'), '')).rejects.toThrow(/EEXIST|ENOTDIR/);
  });

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
    await expect(writeWhole(join(folder, 'table.csv'), 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(folder)).toEqual(['table.csv']);
    const file = await CsvFile.create(join(folder, 'table.csv'), ['a']);
    await expect(file.close()).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    await file.abandon();
    expect(await readdir(folder)).toEqual(['table.csv']);
  });

  describe.skipIf(process.platform !== 'linux')('on a full disk', () => {
    test('no header, no file', async () => {
      const full = async () => symlink('/dev/full', join(folder, 'table.csv.partial'));
      await full();
      await expect(CsvFile.create(join(folder, 'table.csv'), ['a'])).rejects.toThrow('ENOSPC');
      expect(await readdir(folder)).toEqual([]);
      await full();
      await expect(writeWhole(join(folder, 'table.csv'), 'text')).rejects.toThrow('ENOSPC');
      expect(await readdir(folder)).toEqual([]);
    });

    test('a write that is cut short is an error', async () => {
      const script = `
        import { CsvFile } from ${JSON.stringify(join(import.meta.dirname, 'csv.ts'))};
        const file = await CsvFile.create('table.csv', ['a']);
        await file.add([['x'.repeat(100_000)]]).catch(({ code }) => console.log(code));
        await file.abandon();`;
      // One block of 512 or 1024 bytes.
      const limited = [
        '-c',
        'ulimit -f 1 && exec "$0" --input-type=module -e "$1"',
        process.execPath,
        script,
      ];
      const { stdout } = await promisify(execFile)('sh', limited, { cwd: folder });
      expect(stdout).toBe('EFBIG\n');
      expect(await readdir(folder)).toEqual([]);
    });
  });
});
