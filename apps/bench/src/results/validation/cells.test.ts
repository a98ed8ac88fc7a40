import { expect, test } from 'vitest';
import { toCsv } from '../csv.ts';
import { readPublishedCells } from '../published/read-published.ts';
import { type ComparedCell, cellTable, compareCells } from './cells.ts';
import type { MeasuredCell } from '../measured.ts';
import { ExampleScores } from './example-scores.ts';
import { around, measuredCell, runOf } from './test-support.ts';

const compare = (cells: readonly MeasuredCell[], sizes = new Map()) =>
  compareCells(runOf(cells, { sizes }), new ExampleScores(cells));
const table2 = (shift: number, left?: string) =>
  readPublishedCells()
    .filter(({ table, dataset }) => table === 2 && dataset !== left)
    .map(({ metric, method, dataset, mean }) =>
      measuredCell({ method, dataset, examples: { [metric]: around(mean + shift, 0.001) } }),
    );

test('without any measurement every published cell is there and nothing is said', () => {
  const cells = compare([]);
  // Tables 1 and 2, the averages, and Table 3.
  expect(cells).toHaveLength(6 * 5 + 8 * 6 + 8 + 6 * 3);
  for (const { measured, interval, seeds, verdict } of cells)
    expect([measured, interval, seeds, verdict]).toEqual([null, null, 0, 'cannot be said']);
  expect(toCsv(cellTable(cells)).split('\n')[1]).toBe(
    '1,simaou,trained,GD,sst2,0.05,0.01,,,,,0,cannot be said',
  );
});

test("the paper's own means hold, shifted ones do not", () => {
  const of = (shift: number) => compare(table2(shift)).filter(({ table }) => table === 2);
  expect(of(0).map(({ verdict }) => verdict)).toEqual(of(0).map(() => 'holds'));
  expect(of(0.2).map(({ verdict }) => verdict)).toEqual(of(0).map(() => 'does not hold'));
});

test('an average needs all six datasets', () => {
  const averages = (cells: readonly MeasuredCell[]) =>
    compare(cells).filter(({ dataset }) => dataset === 'average');
  expect(averages(table2(0, 'cb')).every(({ measured }) => measured === null)).toBe(true);
  const simaou = averages(table2(0)).find(({ metric, method }) => metric === 'simaou' && method === 'GD');
  expect(simaou?.measured).toBeCloseTo(0.102, 3);
  expect(simaou?.interval?.lower).toBeLessThan(simaou?.measured as number);
});

test("an average's interval is that of a mean of independent numbers", () => {
  const cells = compare(table2(0)).filter(({ table, metric }) => table === 2 && metric === 'simaou');
  const own = cells.filter(({ method, dataset }) => method === 'GD' && dataset !== 'average');
  const average = cells.find(({ method, dataset }) => method === 'GD' && dataset === 'average');
  const halves = own.map(({ interval }) => ((interval?.upper as number) - (interval?.lower as number)) / 2);
  expect(halves).toHaveLength(6);
  const half = Math.sqrt(halves.reduce((sum, each) => sum + each ** 2, 0)) / 6;
  expect(half).toBeGreaterThan(0);
  expect(average?.interval?.upper).toBeCloseTo((average?.measured as number) + half, 12);
  expect(average?.interval?.lower).toBeCloseTo((average?.measured as number) - half, 12);
  expect(average?.seeds).toBe(1);
});

test('an interval that is wide reaches what its mean does not', () => {
  const wide = compare([measuredCell({ method: 'GD', dataset: 'mr', examples: { simaou: around(0.3, 1) } })]);
  expect(wide.find(({ measured }) => measured !== null)).toMatchObject({ verdict: 'holds' });
});

test('a cosine that is undefined in every example is not measured', () => {
  const cells = compare([measuredCell({ method: 'GD', dataset: 'mr', examples: { simaou: [null, null] } })]);
  expect(cells.every(({ measured }) => measured === null)).toBe(true);
});

test('validation_cells.csv: published and measured, the interval, and how far the measured is above the published', () => {
  const own: ComparedCell = {
    ...{ table: 2 as const, metric: 'simaou', variant: 'trained', method: 'GD', dataset: 'mr', seeds: 3 },
    ...{ published: 0.25, deviation: 0.125, measured: 0.75, interval: { lower: 0.5, upper: 1 } },
    verdict: 'does not hold',
  };
  expect(toCsv(cellTable([own, { ...own, measured: null, interval: null, deviation: null }])))
    .toMatchInlineSnapshot(`
    "table,metric,variant,method,dataset,published,published_std,measured,lower_95,upper_95,difference,seeds,verdict
    2,simaou,trained,GD,mr,0.25,0.125,0.75,0.5,1,0.5,3,does not hold
    2,simaou,trained,GD,mr,0.25,,,,,,3,does not hold
    "
  `);
});

test("Table 3's sizes are equal or not", () => {
  const size = { train: 8530, validation: 1066, averageTokens: 20 };
  const cells = compare([], new Map([['mr', size]])).filter(
    ({ table, dataset }) => table === 3 && dataset === 'mr',
  );
  expect(cells.map(({ metric, verdict }) => [metric, verdict])).toEqual([
    ['train', 'holds'],
    ['validation', 'holds'],
    ['average_tokens', 'does not hold'],
  ]);
});
