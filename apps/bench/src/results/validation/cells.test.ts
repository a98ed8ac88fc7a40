import { expect, test } from 'vitest';
import { toCsv } from '../csv.ts';
import { readPublishedCells } from '../published/read-published.ts';
import { type ComparedCell, cellTable, compareCells } from './cells.ts';
import type { MeasuredCell } from '../measured.ts';
import { ExampleScores } from './example-scores.ts';
import { around, measuredCell, runOf, seeds as ofSeeds } from './test-support.ts';

const compare = (cells: readonly MeasuredCell[], sizes = new Map()) =>
  compareCells(runOf(cells, { sizes }), new ExampleScores(cells));
const table2 = (shift: number, left?: string) =>
  readPublishedCells()
    .filter(({ table, dataset }) => table === 2 && dataset !== left)
    .flatMap(({ metric, method, dataset, mean }) =>
      ofSeeds({ method, dataset, examples: { [metric]: around(mean + shift, 0.001) } }),
    );

test('without any measurement every published cell is there and nothing is said', () => {
  const cells = compare([]);
  // Tables 1 and 2, the averages, and Table 3.
  expect(cells).toHaveLength(6 * 5 + 8 * 6 + 8 + 6 * 3);
  for (const { measured, interval, difference, seeds, verdict } of cells)
    expect([measured, interval, difference, seeds, verdict]).toEqual([null, null, null, 0, 'not measured']);
  expect(toCsv(cellTable(cells)).split('\n')[1]).toBe(
    '1,simaou,trained,GD,sst2,0.05,0.01,,,,,,,,,,0.05,0,not measured,',
  );
});

test("the paper's own means are equivalent where the paper itself is sure enough, far ones different", () => {
  const of = (shift: number) => compare(table2(shift)).filter(({ table }) => table === 2);
  for (const { dataset, deviation, verdict, toSettle } of of(0)) {
    // 2.92 · 0.03 / √3 is over 0.05: no number of seeds of ours would do.
    const sure = dataset === 'average' || (deviation as number) < 0.03;
    expect([verdict, toSettle]).toEqual(sure ? ['equivalent', null] : ['inconclusive', Infinity]);
  }
  expect(new Set(of(0.5).map(({ verdict }) => verdict))).toEqual(new Set(['different']));
});

test('a wider margin is met where a narrow one is not', () => {
  const run = runOf(ofSeeds({ method: 'GD', dataset: 'mr', examples: { simaou: around(0.27, 0.001) } }));
  const verdict = (margin: number) =>
    compareCells(run, new ExampleScores(run.cells), margin).find(({ measured }) => measured !== null)
      ?.verdict;
  expect([0.001, 0.05, 0.2].map(verdict)).toEqual(['different', 'inconclusive', 'equivalent']);
});

test('an average needs all six datasets', () => {
  const averages = (cells: readonly MeasuredCell[]) =>
    compare(cells).filter(({ dataset }) => dataset === 'average');
  expect(averages(table2(0, 'cb')).every(({ measured }) => measured === null)).toBe(true);
  const simaou = averages(table2(0)).find(({ metric, method }) => metric === 'simaou' && method === 'GD');
  expect(simaou?.measured).toBeCloseTo(0.102, 3);
  expect(simaou?.interval?.lower).toBeLessThan(simaou?.measured as number);
});

test("an average's intervals are those of a mean of independent numbers", () => {
  const cells = compare(table2(0)).filter(({ table, metric }) => table === 2 && metric === 'simaou');
  const own = cells.filter(({ method, dataset }) => method === 'GD' && dataset !== 'average');
  const average = cells.find(({ method, dataset }) => method === 'GD' && dataset === 'average');
  const measured = average?.measured as number;
  const half = (bounds: readonly number[], values: readonly number[]) =>
    Math.sqrt(bounds.reduce((sum, bound, i) => sum + (bound - (values[i] as number)) ** 2, 0)) / 6;
  const values = own.map((cell) => cell.measured as number);
  const uppers = own.map(({ interval }) => interval?.upper as number);
  const lowers = own.map(({ interval }) => interval?.lower as number);
  expect(uppers).toHaveLength(6);
  expect(half(uppers, values)).toBeGreaterThan(0);
  expect(average?.interval?.upper).toBeCloseTo(measured + half(uppers, values), 12);
  expect(average?.interval?.lower).toBeCloseTo(measured - half(lowers, values), 12);
  expect(average).toMatchObject({ basis: 'combined', seeds: 3 });
  const differences = own.map(({ difference }) => difference?.value as number);
  const bounds = own.map(({ difference }) => difference?.interval90.upper as number);
  expect(average?.difference?.interval90.upper).toBeCloseTo(measured - 0.102 + half(bounds, differences), 12);
});

test('a wide interval is inconclusive, whatever it reaches, and says how many seeds would settle it', () => {
  const cells = [0.05, 0.17, 0.29].map((mean, i) =>
    measuredCell({ method: 'GD', dataset: 'mr', seed: i, examples: { simaou: around(mean) } }),
  );
  const wide = compare(cells).find(({ metric, measured }) => metric === 'simaou' && measured !== null);
  expect(wide).toMatchObject({ verdict: 'inconclusive', basis: 'seeds', seeds: 3, published: 0.17 });
  // The paper's own deviation of 0.03 leaves more than the margin open.
  expect(wide?.toSettle).toBe(Infinity);
  const run = runOf(cells);
  const own = compareCells(run, new ExampleScores(cells), 0.1).find(({ measured }) => measured !== null);
  expect(own?.verdict).toBe('inconclusive');
  expect(own?.toSettle).toBeGreaterThan(5);
  expect(own?.toSettle).toBeLessThan(20);
});

test("a single seed is compared with the paper's deviation in the place of its own", () => {
  const examples = { simam: around(0.3, 0.001) };
  const of = (cells: readonly MeasuredCell[], method: string) =>
    compare(cells).find((cell) => cell.method === method && cell.measured !== null);
  // LCGD on CB: 0.04 ± 0.01; on MR 0.30 ± 0.00.
  expect(of([measuredCell({ method: 'LCGD', dataset: 'mr', examples })], 'LCGD')).toMatchObject({
    ...{ verdict: 'equivalent', basis: 'examples' },
  });
  const cb = (mean: number) =>
    of([measuredCell({ method: 'LCGD', dataset: 'cb', examples: { simam: around(mean, 0.001) } })], 'LCGD');
  expect(cb(0.04)?.verdict).toBe('equivalent');
  expect(cb(0.07)).toMatchObject({ verdict: 'inconclusive', toSettle: expect.any(Number) });
  expect(
    of(ofSeeds({ method: 'LCGD', dataset: 'cb', examples: { simam: around(0.07, 0.001) } }), 'LCGD'),
  ).toMatchObject({
    ...{ verdict: 'equivalent', toSettle: null },
  });
});

test('a cosine that is undefined in every example is not measured', () => {
  const cells = compare([measuredCell({ method: 'GD', dataset: 'mr', examples: { simaou: [null, null] } })]);
  expect(cells.every(({ measured }) => measured === null)).toBe(true);
});

test('validation_cells.csv: published and measured, their intervals, and how far the measured is above the published', () => {
  const own: ComparedCell = {
    ...{ table: 2 as const, metric: 'simaou', variant: 'trained', method: 'GD', dataset: 'mr', seeds: 3 },
    ...{ published: 0.25, deviation: 0.125, measured: 0.75, interval: { lower: 0.5, upper: 1 } },
    ...{ basis: 'seeds', verdict: 'different', toSettle: null },
    difference: {
      ...{ value: 0.5, interval: { lower: 0.125, upper: 0.875 }, interval90: { lower: 0.25, upper: 0.625 } },
    },
  };
  const none = { measured: null, interval: null, basis: null, difference: null, deviation: null };
  const open = { verdict: 'inconclusive', toSettle: Infinity } as const;
  expect(toCsv(cellTable([own, { ...own, ...none, verdict: 'not measured' }, { ...own, ...open }], 0.1)))
    .toMatchInlineSnapshot(`
    "table,metric,variant,method,dataset,published,published_std,measured,lower_95,upper_95,interval,difference,difference_lower_90,difference_upper_90,difference_lower_95,difference_upper_95,margin,seeds,verdict,seeds_to_settle
    2,simaou,trained,GD,mr,0.25,0.125,0.75,0.5,1,seeds,0.5,0.25,0.625,0.125,0.875,0.1,3,different,
    2,simaou,trained,GD,mr,0.25,,,,,,,,,,,0.1,3,not measured,
    2,simaou,trained,GD,mr,0.25,0.125,0.75,0.5,1,seeds,0.5,0.25,0.625,0.125,0.875,0.1,3,inconclusive,>1000
    "
  `);
});

test("Table 3's sizes are equal or not", () => {
  const size = { train: 8530, validation: 1066, averageTokens: 20 };
  const cells = compare([], new Map([['mr', size]])).filter(
    ({ table, dataset }) => table === 3 && dataset === 'mr',
  );
  expect(cells.map(({ metric, verdict }) => [metric, verdict])).toEqual([
    ['train', 'equivalent'],
    ['validation', 'equivalent'],
    ['average_tokens', 'different'],
  ]);
});
