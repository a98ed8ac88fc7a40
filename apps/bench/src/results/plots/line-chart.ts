import type { TopLevelSpec } from 'vega-lite';
import { CONFIG, VEGA_LITE, drawSvg, freeColors, labelOf } from './vega-svg.ts';

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

/** Up to here each point gets a mark, beyond it they would hide the line. */
const MOST_MARKED_POINTS = 60;
/** Width of a legend entry in pixels: symbol, gap, and about 7 pixels a character of the longest name. */
const legendColumn = (names: readonly string[]) => 60 + 7 * Math.max(...names.map(({ length }) => length));
const DASH = [6, 4];
const SOLID = [1, 0];

/**
 * A line chart as a stand-alone SVG document. The same chart gives the same bytes.
 * @throws RangeError for a series without points, a name given twice, a number that is not finite, or one of zero or
 * less on a logarithmic scale
 */
export function lineChartSvg(chart: LineChart): string {
  requireDrawable(chart);
  return drawSvg(specification(withLabels(chart)));
}

/** Names as labels: see {@link labelOf}. */
function withLabels(chart: LineChart): LineChart {
  return {
    ...chart,
    title: labelOf(chart.title),
    xLabel: labelOf(chart.xLabel),
    yLabel: labelOf(chart.yLabel),
    series: chart.series.map((own) => ({ ...own, name: labelOf(own.name) })),
  };
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
    $schema: VEGA_LITE,
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
      ...CONFIG,
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
