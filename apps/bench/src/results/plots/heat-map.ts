import type { TopLevelSpec } from 'vega-lite';
import { CONFIG, VEGA_LITE, drawSvg, labelOf } from './vega-svg.ts';

/** A cell of a heat map; where the value is null it is drawn grey. */
export interface HeatCell {
  readonly column: number;
  readonly row: string;
  readonly value: number | null;
  /** Written into the cell, if anything. */
  readonly note?: string;
}

export interface HeatMap {
  readonly title: string;
  readonly xLabel: string;
  /** Of the scale of colours. */
  readonly legend: string;
  /** From top to bottom. */
  readonly rows: readonly string[];
  /** One below the other, on one scale of colours. */
  readonly panels: readonly { readonly title: string; readonly cells: readonly HeatCell[] }[];
  /** Colours of the lowest and of the highest; between them, at zero, is nearly white. */
  readonly colors: readonly [low: string, high: string];
}

const MIDDLE = '#f5f5f5';
const UNDEFINED = '#bbbbbb';
const CELL_HEIGHT = 24;
const [LEAST_WIDTH, MOST_WIDTH] = [26, 60];
const WIDTH = 620;

/**
 * Differences by row and column as colours around zero, as a stand-alone SVG document. The same map gives the same bytes.
 * @throws RangeError for a number that is not finite, or a map without cells
 */
export function heatMapSvg(map: HeatMap): string {
  const cells = map.panels.flatMap((panel) => panel.cells);
  if (cells.length === 0) throw new RangeError(`chart "${map.title}": has no cells`);
  for (const { row, column, value } of cells)
    if (value !== null && !Number.isFinite(value))
      throw new RangeError(`chart "${map.title}", row "${row}", column ${column}: ${value} is not finite`);
  return drawSvg(specification(map));
}

function specification({ title, xLabel, legend, rows, panels, colors }: HeatMap): TopLevelSpec {
  const cells = panels.flatMap((panel) => panel.cells);
  const columns = Math.max(...cells.map(({ column }) => column)) + 1;
  const largest = Math.max(...cells.map(({ value }) => Math.abs(value ?? 0))) || 1;
  const width = Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, Math.floor(WIDTH / columns))) * columns;
  const [low, high] = colors;
  const y = {
    field: 'row',
    type: 'nominal' as const,
    title: null,
    sort: null,
    scale: { domain: rows.map(labelOf) },
    axis: { ticks: false, domain: false, labelLimit: 200 },
  };
  const x = {
    field: 'column',
    type: 'ordinal' as const,
    title: labelOf(xLabel),
    scale: { domain: Array.from({ length: columns }, (_, column) => column) },
    axis: { labelAngle: 0, ticks: false, domain: false },
  };
  const color = {
    field: 'value',
    type: 'quantitative' as const,
    title: labelOf(legend),
    scale: { domain: [-largest, 0, largest], range: [low, MIDDLE, high] },
    legend: { type: 'symbol' as const, symbolType: 'square', tickCount: 5, format: '+.2~r' },
  };
  return {
    $schema: VEGA_LITE,
    title: { text: labelOf(title), anchor: 'start', fontSize: 14 },
    background: 'white',
    vconcat: panels.map((panel) => {
      const own = panel.cells.map(({ row, note = '', ...rest }) => ({ ...rest, row: labelOf(row), note }));
      return {
        title: {
          text: labelOf(panel.title),
          anchor: 'start' as const,
          fontSize: 12,
          fontWeight: 'normal' as const,
        },
        width,
        height: CELL_HEIGHT * rows.length,
        layer: [
          {
            data: { values: own.filter(({ value }) => value === null) },
            mark: { type: 'rect' as const, color: UNDEFINED, stroke: 'white' },
            encoding: { x, y },
          },
          {
            data: { values: own.filter(({ value }) => value !== null) },
            mark: { type: 'rect' as const, stroke: 'white' },
            encoding: { x, y, color },
          },
          {
            data: { values: own.filter(({ note }) => note !== '') },
            mark: { type: 'text' as const, fontSize: 9, color: '#333' },
            encoding: { x, y, text: { field: 'note', type: 'nominal' as const } },
          },
        ],
      };
    }),
    config: {
      ...CONFIG,
      legend: {
        orient: 'right',
        labelFontSize: 11,
        titleFontSize: 11,
        titleFontWeight: 'normal',
        titleLimit: 0,
      },
    },
  };
}
