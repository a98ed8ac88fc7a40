import * as vega from 'vega';
import { type TopLevelSpec, compile } from 'vega-lite';
import { visible } from '../visible.ts';

export interface LineSeries {
  /** Shown in the legend; must differ from series to series. */
  readonly name: string;
  /** [x, y]; a y of null leaves a gap. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Shaded area around the line, [x, low, high]. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
  /** CSS colour; otherwise the next that is free of a palette that colour-blind readers can tell apart. */
  readonly color?: string;
  readonly dashed?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** In the order of the legend. */
  readonly series: readonly LineSeries[];
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
  /** Size of the area inside the axes, in pixels (default 480 × 280). */
  readonly width?: number;
  readonly height?: number;
}

/** Okabe and Ito's palette, without its yellow, which is hard to see on white. */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000'];
/** Up to here each point gets a mark, beyond it they would hide the line. */
const MOST_MARKED_POINTS = 60;
const MARGIN = 8;
/** Characters. */
const LONGEST_LABEL = 100;
/** Width of a legend entry in pixels: symbol, gap, and about 7 pixels a character of the longest name. */
const legendColumn = (names: readonly string[]) => 60 + 7 * Math.max(...names.map(({ length }) => length));
const DASH = [6, 4];
const SOLID = [1, 0];

/** As many colours as asked for, of a palette that colour-blind readers can tell apart, without those taken as far as there are others. */
export function freeColors(count: number, taken: readonly string[]): string[] {
  const lower = new Set(taken.map((color) => color.toLowerCase()));
  const free = PALETTE.filter((color) => !lower.has(color));
  const from = free.length === 0 ? PALETTE : free;
  return Array.from({ length: count }, (_, i) => from[i % from.length] as string);
}

/**
 * A line chart as a stand-alone SVG document. The same chart gives the same bytes.
 * @throws RangeError for a series without points, a name given twice, a number that is not finite, or one of zero or
 * less on a logarithmic scale
 */
export function lineChartSvg(chart: LineChart): string {
  requireDrawable(chart);
  const { spec } = compile(specification(withLabels(chart)));
  const { root } = new vega.View(vega.parse(spec), { renderer: 'none' })
    .run()
    .scenegraph() as unknown as Scenegraph;
  const { x1, y1, x2, y2 } = root.bounds;
  return new SVGStringRenderer()
    .initialize(null, Math.ceil(x2 - x1) + 2 * MARGIN, Math.ceil(y2 - y1) + 2 * MARGIN, [
      MARGIN - Math.floor(x1),
      MARGIN - Math.floor(y1),
    ])
    .render(root)
    .svg();
}

/** The one place where names become labels: on one line, no longer than a picture has room for. */
function withLabels(chart: LineChart): LineChart {
  return {
    ...chart,
    title: labelOf(chart.title),
    xLabel: labelOf(chart.xLabel),
    yLabel: labelOf(chart.yLabel),
    series: chart.series.map((own) => ({ ...own, name: labelOf(own.name) })),
  };
}

function labelOf(name: string): string {
  // Vega looks names up in plain objects, where some are taken: a blank after them is not seen.
  const shown = [...visible(name in Object.prototype ? `${name}\u00A0` : name)];
  return shown.length <= LONGEST_LABEL ? shown.join('') : `${shown.slice(0, LONGEST_LABEL - 1).join('')}…`;
}

function specification({
  title,
  xLabel,
  yLabel,
  series,
  xScale = 'linear',
  yScale = 'linear',
  width = 480,
  height = 280,
}: LineChart): TopLevelSpec {
  const names = series.map(({ name }) => name);
  const lines = series.flatMap(({ name, points }) => points.map(([x, y]) => ({ name, x, y })));
  const colors = colorsOf(series);
  const marked = series.every(({ points }) => points.length <= MOST_MARKED_POINTS);
  const whole = lines.every((point) => Number.isInteger(point.x));
  const scale = (type: 'linear' | 'log', nice: boolean) =>
    type === 'log' ? { type, nice } : { type, nice, zero: false };
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: xLabel,
    scale: scale(xScale, false),
    axis: { grid: false, ...(whole && xScale === 'linear' ? { tickMinStep: 1, format: 'd' } : {}) },
  };
  const y = { type: 'quantitative' as const, title: yLabel, scale: scale(yScale, true) };
  const legend = series.length === 1 ? { legend: null } : {};
  const color = {
    field: 'name',
    type: 'nominal' as const,
    title: null,
    ...legend,
    scale: { domain: names, range: colors },
  };
  const strokeDash = {
    field: 'name',
    type: 'nominal' as const,
    title: null,
    ...legend,
    scale: { domain: names, range: series.map(({ dashed }) => (dashed ? DASH : SOLID)) },
  };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: title, anchor: 'start', fontSize: 14 },
    width,
    height,
    background: 'white',
    layer: [
      ...series.flatMap(({ band = [] }, i) => {
        if (band.length === 0) return [];
        return {
          data: { values: band.map(([x, low, high]) => ({ x, low, high })) },
          mark: { type: 'area' as const, opacity: 0.18, color: colors[i] as string },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
        };
      }),
      {
        data: { values: lines },
        mark: {
          type: 'line' as const,
          strokeWidth: 2,
          invalid: 'break-paths-show-domains' as const,
          ...(marked ? { point: { size: 18 } } : {}),
        },
        encoding: { x, y: { ...y, field: 'y' }, color, strokeDash },
      },
    ],
    config: {
      font: 'Helvetica, Arial, sans-serif',
      view: { stroke: null },
      axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e6e6e6' },
      legend: {
        orient: 'bottom',
        columns: Math.max(1, Math.floor(width / legendColumn(names))),
        labelFontSize: 12,
        labelLimit: 0,
        symbolStrokeWidth: 2,
        symbolOpacity: 1,
        symbolSize: 250,
        symbolType: 'stroke',
      },
    },
  };
}

function colorsOf(series: readonly LineSeries[]): string[] {
  const taken = series.flatMap(({ color }) => color ?? []);
  const free = freeColors(series.length - taken.length, taken).values();
  return series.map(({ color }) => color ?? (free.next().value as string));
}

function requireDrawable({ title, series, xScale, yScale }: LineChart): void {
  const names = series.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`chart "${title}": series "${twice}" is there twice`);
  for (const { name, points, band = [] } of series) {
    const reject = (what: string): never => {
      throw new RangeError(`chart "${title}", series "${name}": ${what}`);
    };
    if (!points.some(([, y]) => y !== null)) reject('has no points');
    const check = (axis: string, scale: LineChart['xScale'], value: number): void => {
      if (!Number.isFinite(value)) reject(`${axis} ${value} is not finite`);
      if (scale === 'log' && value <= 0) reject(`${axis} ${value} has no place on a logarithmic scale`);
    };
    for (const [x, y] of points) {
      check('x', xScale, x);
      if (y !== null) check('y', yScale, y);
    }
    for (const [x, low, high] of band) {
      check('x', xScale, x);
      check('y', yScale, low);
      check('y', yScale, high);
    }
  }
}

/** What Vega exports and its type declarations leave out: drawing without waiting. */
interface StringRenderer {
  initialize(element: null, width: number, height: number, origin: readonly [number, number]): this;
  render(root: Scenegraph['root']): this;
  svg(): string;
}
interface Scenegraph {
  readonly root: {
    readonly bounds: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
  };
}
const { SVGStringRenderer } = vega as unknown as { SVGStringRenderer: new () => StringRenderer };
