import { curvePanelsSvg } from '../../plots/curve-panels.ts';
import { heatMapSvg } from '../../plots/heat-map.ts';
import { type LadderPoint, ladderChartSvg } from '../../plots/ladder-chart.ts';
import { freeColors } from '../../plots/vega-svg.ts';
import { FIGURES } from '../../stale.ts';
import { COLORS, type Figure, fileNameOf } from '../figures.ts';
import { ALL, LADDER_METRICS, type Ladder, type Level } from './ladder.ts';
import type { LayerContrast } from './layers.ts';
import type { Likeness } from './likeness.ts';
import { CURVE_MEASURES, type RateCurve, rateCurves } from './rates.ts';
import { ROLE_NAMES, RULES } from './settings.ts';

const GROUPS = [
  { name: ROLE_NAMES.null, color: '#777777' },
  { name: ROLE_NAMES.learner, color: '#0072b2' },
  { name: ROLE_NAMES.control, color: '#cc79a7' },
  { name: ROLE_NAMES.ceiling, color: '#009e73' },
];
const LABELS = { simaou: 'SimAOU', simam_delta: 'SimAM_Δ' } as const;

/** The ladder (of all datasets, and of each where there are several), LCGD − GD by layer, and the curves over rates. */
export function drawLikeness({ ladder, layers, development }: Likeness): Figure[] {
  const { datasets } = ladder;
  return [
    ...ladderFigure(ladder, ALL),
    ...(datasets.length > 1 ? datasets.flatMap((dataset) => ladderFigure(ladder, dataset)) : []),
    ...layerFigure(layers),
    ...(development ? rateFigures(rateCurves(development)) : []),
  ];
}

function ladderFigure({ rungs, datasets, variant }: Ladder, dataset: string): Figure[] {
  const own = rungs.filter((rung) => rung.dataset === dataset);
  if (own.length === 0) return [];
  const rows = [
    ...new Map(own.map(({ method, role }) => [method, { name: method, group: ROLE_NAMES[role] }])).values(),
  ];
  const point = (row: string, { value, interval }: Level): LadderPoint => ({
    ...{ row, value },
    // A mean of cosines lies between −1 and 1, whatever Student's t says of few datasets.
    interval: interval && { lower: Math.max(-1, interval.lower), upper: Math.min(1, interval.upper) },
  });
  const all = dataset === ALL;
  const of = variant === 'trained' ? '' : `, ${variant}`;
  const several =
    all && datasets.length > 1 ? `, mean of ${datasets.length} datasets` : `, ${all ? datasets[0] : dataset}`;
  const title = `Similarity to ICL${several}${of}`;
  return [
    {
      number: all ? 'ladder' : 'ladder by dataset',
      file: `${FIGURES}/ladder${all ? '' : `-${fileNameOf(dataset)}`}.svg`,
      title,
      methods: rows.map(({ name }) => name),
      svg: ladderChartSvg({
        ...{ title, rows, groups: GROUPS },
        panels: LADDER_METRICS.map(({ metric }) => {
          const some = own.filter((rung) => rung.metric === metric);
          return {
            xLabel: LABELS[metric],
            points: some.map(({ method, level }) => point(method, level)),
            hollow: some.flatMap(({ method, mismatched }) => (mismatched ? [point(method, mismatched)] : [])),
          };
        }),
        subtitle: 'Full: similarity. Hollow: mismatched, not about the example. Lines: 95 % intervals.',
        width: all ? 300 : 200,
      }),
    },
  ];
}

function layerFigure(layers: readonly LayerContrast[]): Figure[] {
  if (layers.length === 0) return [];
  const [gd, lcgd] = ['GD', 'LCGD'].map((method) => COLORS.get(method) as string) as [string, string];
  const title = 'LCGD − GD by layer and dataset';
  return [
    {
      ...{ number: 'layers', file: `${FIGURES}/layers.svg`, title, methods: ['GD', 'LCGD'] },
      svg: heatMapSvg({
        ...{ title, xLabel: 'layer', legend: 'LCGD − GD', colors: [gd, lcgd] },
        rows: [...new Set(layers.map(({ dataset }) => dataset))],
        panels: LADDER_METRICS.flatMap(({ metric }) => {
          const own = layers.filter((layer) => layer.metric === metric);
          const cells = own.map(({ dataset: row, layer: column, difference: value, definedShare }) => ({
            ...{ row, column, value, note: shareNote(definedShare) },
          }));
          return own.length === 0 ? [] : [{ title: LABELS[metric], cells }];
        }),
      }),
    },
  ];
}

/** Percent, where not everything is defined. */
function shareNote(share: number | null): string {
  if (share === null || share === 1) return '';
  return `${Math.min(99, Math.floor(share * 100))}%`;
}

function rateFigures({ curves, levels }: ReturnType<typeof rateCurves>): Figure[] {
  const datasets = [...new Set(curves.map(({ dataset }) => dataset))];
  const methods = [...new Set(curves.map(({ method }) => method))];
  const others = methods.filter((method) => !COLORS.has(method));
  const free = freeColors(others.length, [...COLORS.values()]);
  const colorOf = (method: string): string => COLORS.get(method) ?? (free[others.indexOf(method)] as string);
  return datasets.map((dataset): Figure => {
    const own = curves.filter((curve) => curve.dataset === dataset);
    const title = `${dataset}: over the learning rate, development data`;
    return {
      ...{ number: 'rates', file: `${FIGURES}/rates-${fileNameOf(dataset)}.svg`, title, methods },
      svg: curvePanelsSvg({
        ...{ title, xLabel: 'learning rate', marks: RULES },
        panels: CURVE_MEASURES.map(({ id, label }) => ({
          yLabel: label,
          levels: levels.flatMap(({ dataset: of, method, values }) => {
            const y = of === dataset ? values[id] : null;
            return y === null ? [] : [{ y, name: method }];
          }),
          series: own.flatMap((curve) => seriesOf(curve, id, colorOf(curve.method))),
        })),
      }),
    };
  });
}

function seriesOf(
  { method, points, chosen }: RateCurve,
  id: (typeof CURVE_MEASURES)[number]['id'],
  color: string,
) {
  const drawn = points.map(({ rate, values }) => [rate, values[id]] as const);
  if (drawn.every(([, y]) => y === null)) return [];
  const marked = chosen.flatMap(({ rule, rate }) => {
    const y = drawn.find(([x]) => x === rate)?.[1] ?? null;
    return y === null ? [] : [{ x: rate, y, mark: rule }];
  });
  return [{ name: method, color, points: drawn, marked }];
}
