import { expect, test } from 'vitest';
import type { ComparedCell } from './cells.ts';
import type { JudgedClaim } from './claims.ts';
import { renderClaims } from './render-claims.ts';
import { renderValidation } from './render.ts';
import { renderSummaryPage } from './summary.ts';
import { runOf } from './test-support.ts';
import { validate } from './validate.ts';

const CELL: ComparedCell = {
  ...{ table: 2, metric: 'simaou', variant: 'trained', method: 'GD', dataset: 'mr', seeds: 3 },
  ...{ published: 0.25, deviation: 0.125, measured: -0.5, interval: { lower: -0.75, upper: -0.25 } },
  ...{ verdict: 'different', basis: 'seeds', difference: null, toSettle: null },
};
const CELLS: ComparedCell[] = [
  CELL,
  { ...CELL, dataset: 'cb', measured: null, interval: null, verdict: 'not measured' },
  { ...CELL, dataset: 'subj', verdict: 'inconclusive', toSettle: 12 },
  {
    ...CELL,
    table: 3,
    metric: 'train',
    method: '-',
    deviation: null,
    published: 9,
    measured: 9,
    verdict: 'equivalent',
  },
];
const CASE = { method: '', basis: null, parts: [], spread: null, p: 0.5, adjustedP: 0.5, toSettle: null };
const CLAIM: JudgedClaim = {
  ...{ text: 'a > b', quantity: 'difference', published: '5 of 6 datasets', verdict: 'holds' },
  ...{ role: 'confirmatory', against: 0 },
  across: [
    {
      ...{ method: '', datasets: 3, mean: 0.125, interval: { lower: 0.0625, upper: 0.1875 }, deviation: 0.5 },
      ...{ p: 0.25, adjustedP: 0.5, signFlipP: 0.0004, verdict: 'inconclusive', toSettle: 9 },
    },
  ],
  cases: [
    {
      ...{ ...CASE, dataset: 'mr', method: 'GD', value: 0.5, seeds: 2, verdict: 'holds' },
      interval: { lower: 0.25, upper: 0.75 },
    },
    {
      ...{ ...CASE, dataset: 'cb', value: -0.5, seeds: 1, verdict: 'does not hold', basis: 'examples' },
      interval: { lower: -0.75, upper: -0.25 },
    },
    {
      ...CASE,
      dataset: 'sst2',
      value: 0,
      seeds: 1,
      verdict: 'inconclusive',
      interval: null,
      toSettle: Infinity,
    },
  ],
};
const OTHER: JudgedClaim = { ...CLAIM, text: 'c > d', verdict: 'inconclusive', cases: [], across: [] };
const VALIDATION = {
  ...validate(runOf([])),
  ...{ cells: CELLS, claims: [CLAIM, OTHER], datasets: ['mr', 'cb', 'sst2'] },
};

/** Fields of a table's rows that have this many. */
const rows = (text: string, separator: string, count: number): string[][] =>
  text
    .split('\n')
    .map((line) =>
      line
        .split(separator)
        .slice(1, -1)
        .map((part) => part.trim()),
    )
    .filter(({ length }) => length === count);

test('as plain text: cells with their differences, claims with the datasets for which they hold', () => {
  const text = renderValidation(VALIDATION);
  expect(rows(text, '│', 9).slice(1)).toEqual([
    ['2', 'simaou', 'trained', 'GD', 'mr', '0.25 ± 0.13', '-0.500 [-0.750, -0.250]', '-0.750', 'different'],
    ['2', 'simaou', 'trained', 'GD', 'cb', '0.25 ± 0.13', '', '', 'not measured'],
    [
      ...['2', 'simaou', 'trained', 'GD', 'subj', '0.25 ± 0.13', '-0.500 [-0.750, -0.250]', '-0.750'],
      'inconclusive (seeds: 12)',
    ],
    ['3', 'train', 'trained', '-', 'mr', '9', '9.000 [-0.750, -0.250]', '0.000', 'equivalent'],
  ]);
  expect(rows(text, '│', 6).slice(1)).toEqual([
    ['a > b', '5 of 6 datasets', 'holds', 'mr GD', 'cb', 'sst2'],
    ['c > d', '5 of 6 datasets', 'inconclusive: not measured', '', '', ''],
  ]);
});

test('after a run: each claim with its verdict and the number of every case', () => {
  expect(renderClaims([CLAIM, OTHER]).split('\n').slice(1)).toEqual([
    '* a > b (paper: 5 of 6 datasets): HOLDS',
    '    difference: mr GD +0.500 [0.250, 0.750]; cb -0.500 [-0.750, -0.250] (1 seed); sst2 +0.000; datasets together +0.125 [0.063, 0.188]',
    '* c > d (paper: 5 of 6 datasets): INCONCLUSIVE: not measured',
  ]);
});

test('as a page: published → measured with a mark for the verdict', () => {
  const page = renderSummaryPage(VALIDATION).replaceAll('\u00A0', ' ');
  expect(page).toContain(
    "3 of the paper's 4 cells were measured: 1 of them are equivalent within ±0.05, 1 different, 1 inconclusive.",
  );
  expect(rows(page, '|', 4)).toContainEqual([
    ...['SimAOU, GD', '0.25 → −0.500 ✗<br>[−0.750, −0.250]'],
    ...['0.25 → −0.500 ?<br>[−0.750, −0.250]<br>settled by 12 seeds', '0.25 → –'],
  ]);
  expect(page).toContain('| train | 9 → 9 ✓<br>[−0.750, −0.250] |');
  expect(rows(page, '|', 7)).toEqual(
    expect.arrayContaining([
      [
        ...['a > b<br>*difference; confirmatory*', '5 of 6 datasets', '✓ holds'],
        '? +0.125<br>[0.063, 0.188]<br>t 0.500, flips &lt; 0.001<br>settled by 9 datasets'.replace(
          '<  ',
          '&lt; ',
        ),
        ...[
          '✓ GD +0.500<br>[0.250, 0.750]',
          '✗ −0.500<br>[−0.750, −0.250] (1 seed)',
          '? +0.000<br>settled by &gt;1000 seeds',
        ],
      ],
      ['c > d<br>*difference; confirmatory*', '5 of 6 datasets', '? not measured', '', '', '', ''],
    ]),
  );
});

test("of a model or data that are not the paper's: numbers, and no verdict or figure of the paper", () => {
  const unjudged = {
    ...CLAIM,
    verdict: null,
    cases: CLAIM.cases.map((own) => ({ ...own, verdict: null })),
    across: CLAIM.across.map((own) => ({ ...own, verdict: null })),
  };
  const claims = [unjudged, { ...OTHER, verdict: null }];
  expect(renderClaims(claims).split('\n').slice(1)).toEqual([
    '* difference (of "a > b"): mr GD +0.500 [0.250, 0.750]; cb -0.500 [-0.750, -0.250] (1 seed); sst2 +0.000; datasets together +0.125 [0.063, 0.188]',
  ]);
  const paper = { datasets: new Set<string>(), notice: 'Nothing is compared.' };
  const text = renderValidation({ ...VALIDATION, claims, cells: [], paper });
  expect(text).toMatch(/^Nothing is compared\.\n/);
  expect(text).not.toMatch(/holds|inconclusive|5 of 6/);
});
