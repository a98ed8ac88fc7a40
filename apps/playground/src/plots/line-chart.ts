import { CHART_WIDTH, figure, picture, short, svg } from './svg.ts';

/** One line. */
export interface Series {
  readonly name: string;
  /** Colour, dashes and marker; see styles.css. */
  readonly style: string;
  /** Null leaves a gap. */
  readonly values: readonly (number | null)[];
}

/** What a chart shows. */
export interface LineChartOptions {
  readonly title: string;
  /** A sentence under the title. */
  readonly note?: string;
  /** What is on the horizontal axis: `layer`, `step`. */
  readonly across: string;
  /** Number of the first place. */
  readonly first?: number;
  readonly series: readonly Series[];
  /** How many places the axis has at least. */
  readonly places?: number;
  /** Bounds that the axis has at least. */
  readonly atLeast?: readonly [number, number];
}

const SIZE = { width: CHART_WIDTH, height: 180 };
const PLOT = { left: 38, right: 10, top: 10, bottom: 34 };
const TICKS = 4;

/** Lines over layers or steps, with a legend in words. */
export function lineChart(options: LineChartOptions): HTMLElement {
  const { title, note, across, first = 0, atLeast } = options;
  // What is not finite is no point of a line.
  const series = options.series.map((line) => ({
    ...line,
    values: line.values.map((value) => (value !== null && Number.isFinite(value) ? value : null)),
  }));
  const values = series.flatMap((line) => line.values.filter((value) => value !== null));
  const scale = niceScale(Math.min(...values, ...(atLeast ?? [])), Math.max(...values, ...(atLeast ?? [])));
  const places = Math.max(...series.map((line) => line.values.length), options.places ?? 1);
  const inner = { width: SIZE.width - PLOT.left - PLOT.right, height: SIZE.height - PLOT.top - PLOT.bottom };
  const x = (place: number): number => PLOT.left + (places === 1 ? 0.5 : place / (places - 1)) * inner.width;
  const y = (value: number): number =>
    PLOT.top + (1 - (value - scale.low) / (scale.high - scale.low)) * inner.height;
  const drawing = picture(SIZE, title, describe(across, first, series));
  drawing.classList.add('line-chart');
  for (const tick of scale.ticks) {
    drawing.append(
      svg('line', {
        x1: PLOT.left,
        x2: SIZE.width - PLOT.right,
        y1: y(tick),
        y2: y(tick),
        class: tick === 0 ? 'zero' : 'grid',
      }),
      svg('text', { x: PLOT.left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, short(tick)),
    );
  }
  const every = Math.ceil(places / 8);
  for (let place = 0; place < places; place += every)
    drawing.append(
      svg('text', { x: x(place), y: SIZE.height - 20, 'text-anchor': 'middle' }, String(first + place)),
    );
  drawing.append(
    svg('text', { x: PLOT.left + inner.width / 2, y: SIZE.height - 4, 'text-anchor': 'middle' }, across),
  );
  for (const { style, values: line } of series) {
    const path = pathOf(line, x, y);
    if (path !== '') drawing.append(svg('path', { d: path, class: `line ${style}` }));
    if (places <= 32)
      for (const [place, value] of line.entries())
        if (value !== null) drawing.append(marker(style, x(place), y(value)));
  }
  return figure(title, note, drawing, legend(series));
}

function pathOf(line: Series['values'], x: (place: number) => number, y: (value: number) => number): string {
  let pen = 'M';
  return line
    .map((value, place) => {
      if (value === null) {
        pen = 'M';
        return '';
      }
      const part = `${pen}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = 'L';
      return part;
    })
    .join('');
}

/** Shapes differ as well as colours. */
function marker(style: string, x: number, y: number): SVGElement {
  const shape = {
    LCGD: () => svg('rect', { x: x - 3, y: y - 3, width: 6, height: 6 }),
    ICL: () => svg('path', { d: `M${x - 4} ${y + 3}h8l-4 -7z` }),
  }[style];
  const drawn = shape?.() ?? svg('circle', { cx: x, cy: y, r: 3 });
  drawn.setAttribute('class', `marker ${style}`);
  return drawn;
}

function legend(series: readonly Series[]): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'legend';
  for (const { name, style } of series) {
    const item = document.createElement('li');
    const sample = svg('svg', {
      viewBox: '0 0 26 10',
      width: 26,
      height: 10,
      'aria-hidden': 'true',
      class: 'line-chart',
    });
    sample.append(svg('path', { d: 'M0 5H26', class: `line ${style}` }), marker(style, 13, 5));
    item.append(sample, name);
    list.append(item);
  }
  return list;
}

function describe(across: string, first: number, series: readonly Series[]): string {
  return series
    .map(({ name, values }) => {
      const defined = values.filter((value) => value !== null);
      if (defined.length === 0) return `${name}: undefined everywhere.`;
      const [low, high] = [Math.min(...defined), Math.max(...defined)];
      const at = (value: number): string => `${short(value)} at ${across} ${first + values.indexOf(value)}`;
      return `${name}: from ${at(low)} to ${at(high)}.`;
    })
    .join(' ');
}

/** Round bounds around the values, and a few round numbers between them. */
export function niceScale(low: number, high: number): { low: number; high: number; ticks: number[] } {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return { low: 0, high: 1, ticks: [0, 1] };
  const span = high - low || Math.abs(high) || 1;
  const rough = span / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const from = Math.floor(low / step + 1e-9);
  const to = Math.max(Math.ceil(high / step - 1e-9), from + 1);
  // Multiples by division, as products of 0.1 have tails.
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
  return { low: ticks[0] ?? low, high: ticks.at(-1) ?? high, ticks };
}
