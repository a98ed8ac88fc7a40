import { expect, test } from 'vitest';
import { measuredRows, showMean } from './measured-rows.ts';
import { renderSummary } from './print-summary.ts';
import { measuredCell, runOf } from './validation/test-support.ts';

const cell = (
  variant: string,
  method: string,
  dataset: string,
  seed: number,
  numbers: Readonly<Record<string, number>>,
) => ({
  ...measuredCell({ variant, method, dataset, seed }),
  numbers: new Map(Object.entries(numbers)),
});

const CELLS = [
  cell('trained', 'GD', 'cb', 3, { simaou: 0.1 }),
  cell('trained', '-', 'mr', 5, { accuracy_zsl: 0.5, alpha: 0.25, examples: 40 }),
  cell('trained', 'GD', 'mr', 5, { simaou: 0.2, accuracy_ft: 0.75 }),
  cell('trained', 'GD', 'mr', 6, { simaou: 0.4, accuracy_ft: 0.75 }),
  cell('trained', 'LCGD', 'mr', 5, { simaou: 0.9 }),
  cell('untrained', 'GD', 'mr', 5, { simaou: 0.7 }),
  cell('untrained', 'GD', 'reviews', 5, { simaou: 0.8 }),
];
const RUN = runOf(CELLS, { variants: ['trained', 'untrained'] });

test('everything measured by variant, metric and method, the datasets in the order of the paper', () => {
  const { datasets, rows } = measuredRows(RUN);
  expect(datasets).toEqual(['mr', 'cb', 'reviews']);
  expect(
    rows.map(({ variant, metric, method, means }) => [variant, metric, method, ...means.map(showMean)]),
  ).toEqual([
    ['trained', 'simaou', 'GD', '0.300 ± 0.141', '0.100', ''],
    ['trained', 'simaou', 'LCGD', '0.900', '', ''],
    ['trained', 'alpha', '-', '0.250', '', ''],
    ['trained', 'accuracy_zsl', '-', '0.500', '', ''],
    ['trained', 'accuracy_ft', 'GD', '0.750 ± 0.000', '', ''],
    ['untrained', 'simaou', 'GD', '0.700', '', '0.800'],
  ]);
});

test('what is printed has the published figure of the same metric, variant, method and dataset in brackets', () => {
  const lines = renderSummary(RUN)
    .split('\n')
    .filter((line) => line.includes('SimAOU'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((part) => part.trim()),
    );
  // Tables 1 and 2 of the paper.
  expect(lines).toEqual([
    ['trained', 'SimAOU', 'GD', '0.300 ± 0.141 (0.17)', '0.100 (0.11)', ''],
    ['trained', 'SimAOU', 'LCGD', '0.900 (0.21)', '(0.24)', ''],
    ['untrained', 'SimAOU', 'GD', '0.700 (0.18)', '(0.04)', '0.800'],
  ]);
});

test("of a model or data that are not the paper's nothing stands in brackets, and a line says why", () => {
  const paper = { datasets: new Set<string>(), notice: 'No published figure: the model is another.' };
  const text = renderSummary({ ...RUN, paper });
  expect(text).not.toMatch(/\(0\.\d\d\)|published figure of/);
  expect(text.split('\n').slice(-2)).toEqual([
    'mean ± sample deviation over seeds and orders',
    'No published figure: the model is another.',
  ]);
  const partly = renderSummary({ ...RUN, paper: { datasets: new Set(['cb']), notice: 'Not mr.' } });
  expect(partly).toContain('0.100 (0.11)');
  expect(partly).not.toContain('(0.17)');
});
