import type { TopLevelSpec } from 'vega-lite';
import { CONFIG, VEGA_LITE, drawSvg, labelOf } from './vega-svg.ts';

/** A value with its interval, in one row and one panel. */
export interface LadderPoint {
  /** Of {@link LadderChart.rows}. */
  readonly row: string;
  readonly value: number;
  readonly interval: { readonly lower: number; readonly upper: number } | null;
}

export interface LadderPanel {
  readonly xLabel: string;
  /** Drawn full, in the colour of the row's group. */
  readonly points: readonly LadderPoint[];
  /** Drawn hollow, below them. */
  readonly hollow: readonly LadderPoint[];
}

export interface LadderChart {
  readonly title: string;
  /** From top to bottom; names must differ. */
  readonly rows: readonly { readonly name: string; readonly group: string }[];
  /** In the order of the legend. */
  readonly groups: readonly { readonly name: string; readonly color: string }[];
  /** Side by side. */
  readonly panels: readonly LadderPanel[];
  /** What full and hollow marks are. */
  readonly subtitle: string;
  /** Of the area inside of a panel's axes, in pixels (default 260). */
  readonly width?: number;
}

const ROW_HEIGHT = 26;
/** Pixels between a row's full and its hollow mark. */
const APART = 5;

/**
 * Rows of values with their intervals, in panels side by side that share their rows, as a stand-alone SVG document. The same chart gives
 * the same bytes.
 * @throws RangeError for a row given twice or missing, or a number that is not finite
 */
export function ladderChartSvg(chart: LadderChart): string {
  requireDrawable(chart);
  return drawSvg(specification(chart));
}

function specification({ title, rows, groups, panels, subtitle, width = 260 }: LadderChart): TopLevelSpec {
  const domain = rows.map(({ name }) => labelOf(name));
  const groupOf = new Map(rows.map(({ name, group }) => [name, group]));
  const shown = groups.filter((own) => rows.some(({ group }) => group === own.name));
  const color = {
    field: 'group',
    type: 'nominal' as const,
    title: null,
    scale: { domain: shown.map(({ name }) => name), range: shown.map((own) => own.color) },
  };
  // A colour as it is: a second scale would contradict the legend of the full marks.
  const outline = { field: 'paint', type: 'nominal' as const, scale: null };
  const paintOf = new Map(groups.map((own) => [own.name, own.color]));
  const place = (points: readonly LadderPoint[]) => ({
    values: points.map(({ row, value, interval }) => ({
      ...{ row: labelOf(row), value, group: groupOf.get(row), paint: paintOf.get(groupOf.get(row) ?? '') },
      ...{ lower: interval?.lower ?? value, upper: interval?.upper ?? value },
    })),
  });
  return {
    $schema: VEGA_LITE,
    title: {
      ...{ text: labelOf(title), anchor: 'start', fontSize: 14 },
      ...{ subtitle: labelOf(subtitle), subtitleFontSize: 11, subtitleColor: '#555', subtitlePadding: 4 },
    },
    background: 'white',
    hconcat: panels.map((panel, i) => {
      const y = {
        field: 'row',
        type: 'nominal' as const,
        title: null,
        sort: null,
        scale: { domain },
        axis: {
          ...(i === 0 ? { labelLimit: 320 } : { labels: false }),
          ...{ ticks: false, domain: false, grid: true },
        },
      };
      const x = {
        type: 'quantitative' as const,
        title: labelOf(panel.xLabel),
        scale: { nice: true, zero: true },
        axis: { grid: true, tickCount: 5 },
      };
      const marks = (points: readonly LadderPoint[], filled: boolean) => {
        const yOffset = filled ? -APART : APART;
        return [
          {
            data: place(points),
            mark: { type: 'rule' as const, yOffset, y2Offset: yOffset, strokeWidth: filled ? 2 : 1 },
            encoding: {
              ...{ y, x: { ...x, field: 'lower' }, x2: { field: 'upper' } },
              stroke: outline,
            },
          },
          {
            data: place(points),
            mark: {
              ...{ type: 'point' as const, yOffset, strokeWidth: 1.5, opacity: 1 },
              ...(filled
                ? { filled: true, shape: 'circle', size: 60 }
                : { fill: 'white', shape: 'diamond', size: 36 }),
            },
            encoding: {
              ...{ y, x: { ...x, field: 'value' } },
              ...(filled ? { color } : { stroke: outline }),
            },
          },
        ];
      };
      return {
        width,
        height: ROW_HEIGHT * rows.length,
        layer: [
          {
            data: { values: [{ zero: 0 }] },
            mark: { type: 'rule' as const, color: '#888' },
            encoding: { x: { ...x, field: 'zero' } },
          },
          ...marks(panel.hollow, false),
          ...marks(panel.points, true),
        ],
      };
    }),
    config: {
      ...CONFIG,
      legend: { orient: 'bottom', labelFontSize: 12, labelLimit: 0, columns: 4, symbolOpacity: 1 },
    },
  };
}

function requireDrawable({ title, rows, panels }: LadderChart): void {
  const names = new Set(rows.map(({ name }) => name));
  const reject = (what: string): never => {
    throw new RangeError(`chart "${title}": ${what}`);
  };
  if (names.size < rows.length) reject('a row is there twice');
  if (rows.length === 0 || panels.length === 0) reject('has no rows');
  for (const { row, value, interval } of panels.flatMap(({ points, hollow }) => [...points, ...hollow])) {
    if (!names.has(row)) reject(`"${row}" is none of its rows`);
    for (const number of [value, ...(interval ? [interval.lower, interval.upper] : [])])
      if (!Number.isFinite(number)) reject(`row "${row}": ${number} is not finite`);
  }
}
