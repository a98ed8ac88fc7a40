import { describe, expect, test } from 'vitest';
import { type LineChart, type LineSeries, lineChartSvg } from './line-chart.ts';
import { freeColors } from './vega-svg.ts';

const GD: LineSeries = {
  name: 'GD & friends',
  points: [
    [0, 0.1],
    [1, null],
    [2, 0.3],
    [3, -0.2],
  ],
};
const LCGD: LineSeries = {
  name: 'LCGD',
  color: '#ff0000',
  dashed: true,
  points: [
    [0, 0.5],
    [3, 0.6],
  ],
  band: [
    [0, 0.4, 0.6],
    [3, 0.5, 0.7],
  ],
};
const chart = (change: Partial<LineChart> = {}): LineChart => ({
  title: 'SimAOU by layer',
  xLabel: 'layer',
  yLabel: 'SimAOU',
  series: [GD, LCGD],
  ...change,
});

/** Paths of line marks, in the order of the series. */
const lines = (svg: string): string[] =>
  [
    ...svg.matchAll(
      /<path aria-label="[^"]*" role="graphics-symbol" aria-roledescription="line mark" d="([^"]*)"/g,
    ),
  ].map(([, path = '']) => path);

test('a document of its own with title, axes, legend, colours and dashes', () => {
  const svg = lineChartSvg(chart());
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<\/svg>$/s);
  for (const text of ['SimAOU by layer', 'layer', 'SimAOU', 'GD &amp; friends', 'LCGD'])
    expect(svg).toContain(`>${text}</text>`);
  expect(svg).toContain('stroke="#ff0000"');
  expect(svg).toContain('fill="#ff0000"');
  expect(svg).toMatch(/stroke-dasharray="6,4"/);
  expect(svg).not.toMatch(/NaN|undefined|href="http|<script/);
});

test('the same chart gives the same bytes, whatever was drawn before', () => {
  const first = lineChartSvg(chart());
  lineChartSvg(chart({ title: 'another' }));
  expect(lineChartSvg(chart())).toBe(first);
});

test('points lie in proportion, and a missing one leaves a gap', () => {
  const [gd = '', lcgd = ''] = lines(lineChartSvg(chart({ width: 300, height: 100 })));
  expect(gd.match(/M/g)).toHaveLength(2);
  expect(lcgd.match(/^M0,[\d.]+L300,[\d.]+$/)).not.toBeNull();
  expect(gd).toContain('M200,');
});

test('a logarithmic axis puts equal ratios at equal distances', () => {
  const series = [
    {
      name: 'loss',
      points: [
        [1, 5],
        [10, 4],
        [100, 3],
      ] as const,
    },
  ];
  const svg = lineChartSvg(chart({ series, xScale: 'log', width: 200 }));
  expect(lines(svg)[0]).toMatch(/^M0,.*L100,.*L200,/);
  expect(svg).not.toContain('>loss</text>');
});

test('a series without a colour gets none that another one has', () => {
  const own = { points: [[0, 1] as const, [1, 2] as const] };
  const series = [
    { ...own, name: 'a' },
    { ...own, name: 'b', color: '#0072B2' },
    { ...own, name: 'c' },
  ];
  const svg = lineChartSvg(chart({ series }));
  const strokes = [...svg.matchAll(/aria-roledescription="line mark" d="[^"]*" stroke="([^"]*)"/g)];
  expect(strokes.map(([, color]) => color)).toEqual(['#d55e00', '#0072B2', '#009e73']);
  expect(new Set(freeColors(6, ['#0072b2'])).size).toBe(6);
  expect(freeColors(8, ['#0072b2'])[6]).toBe('#d55e00');
});

describe('refuses, naming chart and series,', () => {
  const one =
    (own: Partial<LineSeries>, change: Partial<LineChart> = {}) =>
    () =>
      lineChartSvg(chart({ series: [{ name: 'a', points: [[1, 1]], ...own }], ...change }));
  test.each<[string, () => string, string]>([
    ['no points', one({ points: [] }), 'has no points'],
    ['gaps alone', one({ points: [[0, null]] }), 'has no points'],
    ['y of NaN', one({ points: [[0, Number.NaN]] }), 'y NaN is not finite'],
    ['x of infinity', one({ points: [[Infinity, 1]] }), 'x Infinity is not finite'],
    ['a bound of NaN', one({ band: [[0, 0, Number.NaN]] }), 'y NaN is not finite'],
    ['x of 0 on a logarithmic axis', one({ points: [[0, 1]] }, { xScale: 'log' }), 'x 0 has no place'],
    ['y below 0 on a logarithmic axis', one({ points: [[0, -1]] }, { yScale: 'log' }), 'y -1 has no place'],
  ])('%s', (_, draw, message) => expect(draw).toThrow(`chart "SimAOU by layer", series "a": ${message}`));

  test('a name given twice', () =>
    expect(() => lineChartSvg(chart({ series: [GD, GD] }))).toThrow('series "GD & friends" is there twice'));
});
