import { describe, expect, test } from 'vitest';
import { type CurvePanels, curvePanelsSvg } from './curve-panels.ts';
import { type HeatMap, heatMapSvg } from './heat-map.ts';
import { type LadderChart, ladderChartSvg } from './ladder-chart.ts';

/** What marks say of themselves: `value: 0.5; …`. */
const labels = (svg: string, mark: string): string[] =>
  [
    ...svg.matchAll(
      new RegExp(`aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="${mark}"`, 'g'),
    ),
  ].map(([, label = '']) => label);

const LADDER: LadderChart = {
  title: 'likeness <to> ICL',
  rows: [
    { name: 'ZSL[positions=icl]', group: 'null' },
    { name: 'constructor', group: 'learner' },
  ],
  groups: [
    { name: 'null', color: '#777777' },
    { name: 'learner', color: '#0072b2' },
    { name: 'ceiling', color: '#009e73' },
  ],
  panels: [
    {
      xLabel: 'SimAOU',
      points: [
        { row: 'ZSL[positions=icl]', value: 0.25, interval: { lower: 0.125, upper: 0.5 } },
        { row: 'constructor', value: -0.5, interval: null },
      ],
      hollow: [{ row: 'ZSL[positions=icl]', value: 0.125, interval: null }],
    },
  ],
  subtitle: 'full and hollow',
};

describe('a ladder', () => {
  test('has every row with its value and interval, in the colour of its group, hollow marks apart', () => {
    const svg = ladderChartSvg(LADDER);
    expect(labels(svg, 'point').map((label) => label.split(';').slice(0, 2).join(';'))).toEqual([
      'SimAOU: 0.125; row: ZSL[positions=icl]',
      'SimAOU: 0.25; row: ZSL[positions=icl]',
      'SimAOU: −0.5; row: constructor\u00A0',
    ]);
    expect(svg.match(/fill="white" stroke="#777777"/g)).toHaveLength(1);
    expect(svg).toContain('fill="#0072b2"');
    expect(svg).toContain('>learner<');
    // No row is of that group.
    expect(svg).not.toContain('ceiling');
    expect(svg).toContain('likeness &lt;to&gt; ICL');
    expect(ladderChartSvg(LADDER)).toBe(svg);
  });

  test('is as wide to either side of a value as its interval', () => {
    const svg = ladderChartSvg(LADDER);
    const [, from, end] =
      /"rule mark" transform="translate\(([\d.]+),[\d.]+\)" x2="([\d.]+)" y2="0" stroke="#777777" stroke-width="2"/.exec(
        svg,
      ) ?? [];
    const [, at] =
      /"point" transform="translate\(([\d.]+),[\d.]+\)" d="[^"]*" fill="#777777"/.exec(svg) ?? [];
    // 0.125 below and 0.25 above.
    expect((Number(from) + Number(end) - Number(at)) / (Number(at) - Number(from))).toBeCloseTo(2, 1);
  });

  test('refuses what it cannot draw', () => {
    const [panel] = LADDER.panels;
    const point = (row: string, value: number) => ({
      ...LADDER,
      panels: [{ ...panel!, points: [{ row, value, interval: null }] }],
    });
    expect(() => ladderChartSvg(point('other', 0))).toThrow('"other" is none of its rows');
    expect(() => ladderChartSvg(point('constructor', NaN))).toThrow('NaN is not finite');
    expect(() => ladderChartSvg({ ...LADDER, rows: [...LADDER.rows, LADDER.rows[0]!] })).toThrow('twice');
    expect(() => ladderChartSvg({ ...LADDER, rows: [], panels: [] })).toThrow('has no rows');
  });
});

describe('a heat map', () => {
  const MAP: HeatMap = {
    ...{
      title: 'differences',
      xLabel: 'layer',
      legend: 'b − a',
      rows: ['mr', 'cb'],
      colors: ['#0072b2', '#d55e00'],
    },
    panels: [
      {
        title: 'SimAOU',
        cells: [
          { row: 'mr', column: 0, value: -0.5 },
          { row: 'mr', column: 1, value: 0.5, note: '75%' },
          { row: 'cb', column: 0, value: 0 },
          { row: 'cb', column: 1, value: null },
        ],
      },
    ],
  };

  test('is the first colour at the lowest, the other as far above zero, grey where nothing is defined', () => {
    const svg = heatMapSvg(MAP);
    const cells = [...svg.matchAll(/aria-roledescription="rect mark" d="[^"]*" fill="([^"]*)"/g)].map(
      ([, fill]) => fill,
    );
    expect(cells).toEqual(['#bbbbbb', 'rgb(0, 114, 178)', 'rgb(213, 94, 0)', 'rgb(245, 245, 245)']);
    expect(svg).toContain('>75%<');
    expect(heatMapSvg(MAP)).toBe(svg);
  });

  test('refuses what it cannot draw', () => {
    expect(() => heatMapSvg({ ...MAP, panels: [] })).toThrow('has no cells');
    const cells = [{ row: 'mr', column: 0, value: Infinity }];
    expect(() => heatMapSvg({ ...MAP, panels: [{ title: '', cells }] })).toThrow('Infinity is not finite');
  });
});

describe('curves in panels', () => {
  const CHART: CurvePanels = {
    ...{ title: 'mr', xLabel: 'learning rate', marks: ['published', 'best', 'matched-kl'] },
    panels: [
      {
        yLabel: 'accuracy',
        levels: [{ y: 0.75, name: 'ICL' }],
        series: [
          {
            ...{ name: 'GD', color: '#0072b2' },
            points: [
              [0.01, 0.25],
              [0.1, null],
              [1, 0.5],
            ],
            marked: [{ x: 1, y: 0.5, mark: 'best' }],
          },
        ],
      },
    ],
  };

  test('have a gap where a value is missing, marks that the legend names, and levels across', () => {
    const svg = curvePanelsSvg(CHART);
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(1);
    expect(/aria-roledescription="line mark" d="([^"]*)"/.exec(svg)?.[1]?.match(/M/g)).toHaveLength(2);
    expect(svg).toContain('>best<');
    expect(svg).not.toContain('>matched-kl<');
    expect(svg).toContain('>ICL<');
    expect(curvePanelsSvg(CHART)).toBe(svg);
  });

  test('refuse what has no place', () => {
    const [panel] = CHART.panels;
    const [series] = panel!.series;
    const at = (x: number, y: number) => ({
      ...CHART,
      panels: [{ ...panel!, series: [{ ...series!, points: [[x, y] as const] }] }],
    });
    expect(() => curvePanelsSvg(at(0, 1))).toThrow('0, 1 has no place');
    expect(() => curvePanelsSvg(at(1, NaN))).toThrow('1, NaN has no place');
    expect(() =>
      curvePanelsSvg({ ...CHART, panels: [{ ...panel!, levels: [{ y: NaN, name: '' }] }] }),
    ).toThrow('NaN is not finite');
  });
});
