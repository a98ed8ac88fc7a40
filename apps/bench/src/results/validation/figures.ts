import { findMetric } from '@icl-gd/metrics';
import type { MeasuredRun } from '../measured.ts';
import { type LineChart, type LineSeries, lineChartSvg } from '../plots/line-chart.ts';
import { type Curve, findCurve, gradientNormCurves, measuredCurves, publishedCurves } from './curves.ts';
import { GRADIENT_NORMS, type GradientNormDefinition } from './gradient-norms.ts';

/** A picture after one of the paper's. */
export interface Figure {
  readonly number: 2 | 3 | 4;
  /** Below the folder of the report. */
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

const COLORS: Readonly<Record<string, string>> = { GD: '#0072b2', LCGD: '#d55e00' };
const SIZE = { width: 300, height: 180 };

/** Figures 2 (α), 3 (SimAOU_norm and SimAM_Δ) and 4 (gradient norms) of the trained model, each by layer. */
export function drawFigures({ cells, methods }: MeasuredRun): Figure[] {
  const datasets = [...new Set(cells.map(({ dataset }) => dataset))];
  const measured = measuredCurves(cells);
  const published = publishedCurves();
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
        const [own, paper] = [measured, published].map((all) => trained(all, metric, method, dataset));
        const comparable = paper && paper.means.length === own?.means.length;
        return [
          ...(own ? line(method, own, { color: COLORS[method] }) : []),
          ...(comparable
            ? line(`${method}, published`, bare(paper), { color: COLORS[method], dashed: true })
            : []),
        ];
      });
      return figure(3, `figure3-${metric}-${dataset}`, {
        title: dataset,
        yLabel: findMetric(metric).label,
        series,
      });
    }),
  );
  const norms = (Object.keys(GRADIENT_NORMS) as GradientNormDefinition[]).flatMap((definition) => {
    const curves = gradientNormCurves(cells, definition);
    return datasets.flatMap((dataset) => {
      const series = methods.flatMap((method) => {
        const own = trained(curves, 'gradient_norm', method, dataset);
        return own ? line(method, positive(own), { color: COLORS[method] }) : [];
      });
      const yLabel = `gradient norm (${definition})`;
      return figure(4, `figure4-${definition}-${dataset}`, { title: dataset, yLabel, series, yScale: 'log' });
    });
  });
  return [
    ...figure(2, 'figure2-alpha', { title: 'α by layer', yLabel: findMetric('alpha').label, series: alpha }),
    ...scores,
    ...norms,
  ];
}

function figure(number: Figure['number'], name: string, chart: Omit<LineChart, 'xLabel'>): Figure[] {
  if (chart.series.length === 0) return [];
  const svg = lineChartSvg({ ...SIZE, ...chart, xLabel: 'layer' });
  return [{ number, file: `figures/${name}.svg`, title: `${chart.title}: ${chart.yLabel}`, svg }];
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

/** For a logarithmic axis: without what is not above zero, and without the band, which may reach below. */
function positive(curve: Curve): Curve {
  return bare({ ...curve, means: curve.means.map((value) => (value !== null && value > 0 ? value : null)) });
}
