import { expect, test } from 'vitest';
import { renderTable } from './text-table.ts';

const DATASETS = ['sst2', 'sst5', 'mr', 'subj', 'agnews', 'cb'];
const HEAD = ['variant', 'metric', 'method', ...DATASETS];
const ROWS = ['GD', 'LCGD'].flatMap((method, row) =>
  ['SimAOU', 'SimAM_Δ', 'accuracy, fine-tuned'].map((metric, at) => [
    'trained',
    metric,
    method,
    ...DATASETS.map((_, column) => `${row}.${at}${column}0 ± 0.018 (0.${row}${at}${column})`),
  ]),
);
const render = (width: number | undefined): string => renderTable(HEAD, ROWS, 3, width);

test('off a terminal a table is as wide as it is', () => {
  const lines = render(undefined).split('\n');
  expect(lines).toHaveLength(9);
  expect(new Set(lines.map((line) => line.length))).toEqual(new Set([lines[0]!.length]));
  expect(render(lines[0]!.length)).toBe(render(undefined));
  expect(render(lines[0]!.length - 1)).not.toBe(render(undefined));
});

test.each([160, 120, 80, 70, 60, 40])('on %d columns every cell is shown and no line is longer', (width) => {
  const text = render(width);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  for (const cell of [...DATASETS, ...ROWS.flat()]) expect(text).toContain(cell);
});

test('tables one below the other repeat what a row is about', () => {
  const lines = render(80).split('\n');
  const rows = lines.filter((line) => line.includes('│ SimAOU'));
  expect(rows).toHaveLength(2 * DATASETS.length);
  expect(rows.every((line) => line.startsWith('│ trained │ SimAOU'))).toBe(true);
});

test('where no column fits beside them, rows become lists', () => {
  expect(
    renderTable(
      ['dataset', 'rate', 'gain'],
      [
        ['sst2', 0.01, '0.100'],
        ['mr', '', '0.200'],
      ],
      1,
      12,
    ),
  ).toBe('sst2\n  rate: 0.01\n  gain: 0.100\nmr\n  gain: 0.200');
});

test('a cell with control characters stays in its place', () => {
  const text = renderTable(['name'], [['a\nb\u001b[2J']]);
  expect(text.split('\n')).toHaveLength(4);
  expect(text).toContain(String.raw`a\nb\u001b[2J`);
});
