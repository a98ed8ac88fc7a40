import type { TopLevelSpec } from 'vega-lite';
import { CONFIG, SHAPE_LEGEND, VEGA_LITE, drawSvg, labelOf } from './vega-svg.ts';

export interface PanelSeries {
  /** In the legend; the same name has the same colour in every panel. */
  readonly name: string;
  readonly color: string;
  /** Gaps where y is null. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Points that stand out, each with what it is. */
  readonly marked: readonly { readonly x: number; readonly y: number; readonly mark: string }[];
}

export interface CurvePanel {
  readonly yLabel: string;
  readonly series: readonly PanelSeries[];
  /** Dashed lines across, with a word each. */
  readonly levels: readonly { readonly y: number; readonly name: string }[];
}

export interface CurvePanels {
  readonly title: string;
  readonly xLabel: string;
  /** Side by side over the same x, which is logarithmic. */
  readonly panels: readonly CurvePanel[];
  /** What marked points may be, in the order of the legend. */
  readonly marks: readonly string[];
}

const SIZE = { width: 200, height: 170 };
const SHAPES = ['diamond', 'square', 'triangle-up', 'cross', 'circle', 'triangle-down'];

/**
 * Curves over a logarithmic x in panels side by side, as a stand-alone SVG document. The same chart gives the same bytes.
 * @throws RangeError for a number that is not finite, or an x that is not above zero
 */
export function curvePanelsSvg(chart: CurvePanels): string {
  for (const { series, levels } of chart.panels) {
    const points = series.flatMap((own) => [...own.points, ...own.marked.map(({ x, y }) => [x, y] as const)]);
    for (const [x, y] of points)
      if (!(x > 0 && Number.isFinite(x)) || !Number.isFinite(y ?? 0))
        throw new RangeError(`chart "${chart.title}": ${x}, ${y} has no place`);
    for (const { y } of levels)
      if (!Number.isFinite(y)) throw new RangeError(`chart "${chart.title}": ${y} is not finite`);
  }
  return drawSvg(specification(chart));
}

function specification({ title, xLabel, panels, marks }: CurvePanels): TopLevelSpec {
  const names = [
    ...new Map(panels.flatMap(({ series }) => series.map((own) => [own.name, own.color] as const))),
  ];
  const color = {
    field: 'name',
    type: 'nominal' as const,
    title: null,
    scale: { domain: names.map(([name]) => labelOf(name)), range: names.map(([, own]) => own) },
    legend: { symbolType: 'stroke', symbolStrokeWidth: 2 },
  };
  const used = marks.filter((mark) =>
    panels.some(({ series }) => series.some(({ marked }) => marked.some((own) => own.mark === mark))),
  );
  const shape = {
    field: 'mark',
    type: 'nominal' as const,
    title: null,
    scale: {
      domain: used.map(labelOf),
      range: used.map((mark) => SHAPES[marks.indexOf(mark) % SHAPES.length] as string),
    },
    legend: SHAPE_LEGEND,
  };
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: labelOf(xLabel),
    scale: { type: 'log' as const, nice: false },
    axis: { grid: false, format: '~g', tickCount: 4, labelOverlap: true },
  };
  return {
    $schema: VEGA_LITE,
    title: { text: labelOf(title), anchor: 'start', fontSize: 14 },
    background: 'white',
    hconcat: panels.map(({ yLabel, series, levels }) => {
      const y = {
        field: 'y',
        type: 'quantitative' as const,
        title: labelOf(yLabel),
        scale: { nice: true, zero: false },
        axis: { tickCount: 5 },
      };
      const marked = series.flatMap((own) =>
        own.marked.map((point) => ({ ...point, name: labelOf(own.name), mark: labelOf(point.mark) })),
      );
      return {
        ...SIZE,
        layer: [
          ...levels.flatMap((level) => [
            {
              data: { values: [{ y: level.y }] },
              mark: { type: 'rule' as const, color: '#777', strokeDash: [4, 3] },
              encoding: { y },
            },
            {
              data: { values: [{ y: level.y, text: labelOf(level.name) }] },
              mark: {
                ...{ type: 'text' as const, align: 'right' as const, baseline: 'bottom' as const },
                ...{ color: '#777', fontSize: 10, x: SIZE.width },
              },
              encoding: { y, text: { field: 'text', type: 'nominal' as const } },
            },
          ]),
          {
            data: {
              values: series.flatMap((own) =>
                own.points.map(([px, py]) => ({ name: labelOf(own.name), x: px, y: py })),
              ),
            },
            mark: {
              ...{ type: 'line' as const, strokeWidth: 2, invalid: 'break-paths-show-domains' as const },
              point: { size: 14 },
            },
            encoding: { x, y, color },
          },
          {
            data: { values: marked },
            mark: { type: 'point' as const, size: 90, strokeWidth: 2, filled: false, opacity: 1 },
            encoding: { x, y, color, shape },
          },
        ],
      };
    }),
    config: {
      ...CONFIG,
      legend: { orient: 'bottom', labelFontSize: 12, labelLimit: 0, symbolOpacity: 1 },
    },
  };
}
