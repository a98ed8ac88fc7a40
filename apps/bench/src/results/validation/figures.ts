import { createHash } from 'node:crypto';
import { findMetric } from '@icl-gd/metrics';
import type { MeasuredRun } from '../measured.ts';
import { type LineChart, type LineSeries, lineChartSvg } from '../plots/line-chart.ts';
import { freeColors } from '../plots/vega-svg.ts';
import { FIGURES } from '../stale.ts';
import { type Curve, findCurve, gradientNormCurves, measuredCurves, publishedCurves } from './curves.ts';
import { GRADIENT_NORMS, type GradientNormDefinition } from './gradient-norms.ts';
import { ruleOf } from './likeness/settings.ts';

/** Those after the paper's by their numbers, others by what they show. */
export type FigureKind = 2 | 3 | 4 | 'ladder' | 'ladder by dataset' | 'layers' | 'rates';

/** A picture of the page. */
export interface Figure {
  readonly number: FigureKind;
  /** Below the folder of the report. */
  readonly file: string;
  readonly title: string;
  /** That have a curve in it. */
  readonly methods: readonly string[];
  readonly svg: string;
}

/** The same in every figure; further methods get what these leave. */
export const COLORS: ReadonlyMap<string, string> = new Map([
  ['GD', '#0072b2'],
  ['LCGD', '#d55e00'],
]);
const SIZE = { width: 300, height: 180 };

/** Figures 2 (α), 3 (SimAOU_norm and SimAM_Δ) and 4 (gradient norms) of the trained model, each by layer. */
export function drawFigures({ cells, methods: all, paper }: MeasuredRun): Figure[] {
  // The same learner at another rate has pictures of its own.
  const methods = all.filter((method) => ruleOf(method) === 'published');
  const datasets = [...new Set(cells.map(({ dataset }) => dataset))];
  const measured = measuredCurves(cells);
  const published = publishedCurves().filter(({ dataset }) => paper.datasets.has(dataset));
  const colors = colorsOf(methods);
  const trained = (
    all: readonly Curve[],
    metric: string,
    method: string,
    dataset: string,
  ): Curve | undefined => findCurve(all, { metric, variant: 'trained', method, dataset });
  const alpha = datasets.flatMap((dataset) => {
    const curve = trained(measured, 'alpha', '-', dataset);
    return curve ? line(dataset, curve) : [];
  });
  const scores = ['simaou_norm', 'simam_delta'].flatMap((metric) =>
    datasets.flatMap((dataset) => {
      const series = methods.flatMap((method) => {
        const [own, figure3] = [measured, published].map((all) => trained(all, metric, method, dataset));
        const comparable = figure3 && figure3.means.length === own?.means.length;
        return [
          ...(own ? line(method, own, { color: colors.get(method) }) : []),
          ...(comparable
            ? line(`${method}, published`, bare(figure3), { color: colors.get(method), dashed: true })
            : []),
        ];
      });
      const chart = { title: dataset, yLabel: findMetric(metric).label, series };
      return figure({ number: 3, name: `figure3-${metric}-${fileNameOf(dataset)}`, methods }, chart);
    }),
  );
  const norms = (Object.keys(GRADIENT_NORMS) as GradientNormDefinition[]).flatMap((definition) => {
    const curves = gradientNormCurves(cells, definition);
    return datasets.flatMap((dataset) => {
      const series = methods.flatMap((method) => {
        const own = trained(curves, 'gradient_norm', method, dataset);
        return own ? line(method, positive(own), { color: colors.get(method) }) : [];
      });
      const yLabel = `gradient norm (${definition})`;
      const chart = { title: dataset, yLabel, series, yScale: 'log' as const };
      return figure({ number: 4, name: `figure4-${definition}-${fileNameOf(dataset)}`, methods }, chart);
    });
  });
  const alphaChart = { title: 'α by layer', yLabel: findMetric('alpha').label, series: alpha };
  return [...figure({ number: 2, name: 'figure2-alpha', methods: [] }, alphaChart), ...scores, ...norms];
}

function colorsOf(methods: readonly string[]): Map<string, string> {
  const others = methods.filter((method) => !COLORS.has(method));
  const free = freeColors(others.length, [...COLORS.values()]);
  return new Map([...COLORS, ...others.map((method, i) => [method, free[i] as string] as const)]);
}

/** A dataset's part of a file's name: what may stand in a name anywhere, and where that is not all of it a digest. */
export function fileNameOf(dataset: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(dataset)) return dataset;
  const digest = createHash('sha256').update(dataset).digest('hex').slice(0, 8);
  return `${dataset.replaceAll(/[^\w-]/g, '_').slice(0, 40)}-${digest}`;
}

function figure(
  { number, name, methods }: Pick<Figure, 'number' | 'methods'> & { readonly name: string },
  chart: Omit<LineChart, 'xLabel'>,
): Figure[] {
  if (chart.series.length === 0) return [];
  const drawn = new Set(chart.series.map((own) => own.name));
  return [
    {
      number,
      file: `${FIGURES}/${name}.svg`,
      title: `${chart.title}: ${chart.yLabel}`,
      methods: methods.filter((method) => drawn.has(method)),
      svg: lineChartSvg({ ...SIZE, ...chart, xLabel: 'layer' }),
    },
  ];
}

/** A curve with a band of ± one deviation over seeds; none if it is defined nowhere. */
function line(
  name: string,
  { means, deviations }: Curve,
  style: { readonly color?: string | undefined; readonly dashed?: boolean } = {},
): LineSeries[] {
  if (means.every((value) => value === null)) return [];
  const { color, dashed = false } = style;
  return [
    {
      name,
      points: means.map((value, layer) => [layer, value]),
      band: means.flatMap((value, layer): [number, number, number][] => {
        const deviation = deviations[layer] ?? null;
        return value === null || deviation === null ? [] : [[layer, value - deviation, value + deviation]];
      }),
      dashed,
      ...(color === undefined ? {} : { color }),
    },
  ];
}

function bare(curve: Curve): Curve {
  return { ...curve, deviations: curve.means.map(() => null) };
}

/** Far below any norm of float32 gradients; nearer to zero a logarithmic axis cannot be drawn. */
const SMALLEST = 1e-100;

/** For a logarithmic axis: without what is zero, and without the band, which may reach below. */
function positive(curve: Curve): Curve {
  return bare({
    ...curve,
    means: curve.means.map((value) => (value !== null && value > SMALLEST ? value : null)),
  });
}
