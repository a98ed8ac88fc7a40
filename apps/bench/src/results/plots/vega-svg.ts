import * as vega from 'vega';
import { type TopLevelSpec, compile } from 'vega-lite';
import { visible } from '../visible.ts';

/** Okabe and Ito's palette, without its yellow, which is hard to see on white. */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000'];
const MARGIN = 8;
/** Characters. */
const LONGEST_LABEL = 100;

/** What every picture has in common. */
export const VEGA_LITE = 'https://vega.github.io/schema/vega-lite/v6.json';
export const CONFIG = {
  font: 'Helvetica, Arial, sans-serif',
  view: { stroke: null },
  axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal' as const, gridColor: '#e6e6e6' },
} as const;

/** Of shapes, which would else be drawn without colour: each in grey. */
export const SHAPE_LEGEND = {
  encoding: {
    symbols: { update: { stroke: { value: '#444' }, fill: { value: 'white' }, strokeWidth: { value: 1.5 } } },
  },
};

/** As many colours as asked for, of a palette that colour-blind readers can tell apart, without those taken as far as there are others. */
export function freeColors(count: number, taken: readonly string[]): string[] {
  const lower = new Set(taken.map((color) => color.toLowerCase()));
  const free = PALETTE.filter((color) => !lower.has(color));
  const from = free.length === 0 ? PALETTE : free;
  return Array.from({ length: count }, (_, i) => from[i % from.length] as string);
}

/** The one place where names become labels: on one line, no longer than a picture has room for. */
export function labelOf(name: string): string {
  // Vega looks names up in plain objects, where some are taken: a blank after them is not seen.
  const shown = [...visible(name in Object.prototype ? `${name}\u00A0` : name)];
  return shown.length <= LONGEST_LABEL ? shown.join('') : `${shown.slice(0, LONGEST_LABEL - 1).join('')}…`;
}

/** The one place that draws: a Vega-Lite specification as a stand-alone SVG document, without a DOM. The same gives the same bytes. */
export function drawSvg(specification: TopLevelSpec): string {
  // Else what is clipped would be numbered on from the picture before.
  resetSVGDefIds();
  const { spec } = compile(specification);
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
const { SVGStringRenderer, resetSVGDefIds } = vega as unknown as {
  SVGStringRenderer: new () => StringRenderer;
  resetSVGDefIds: () => void;
};
