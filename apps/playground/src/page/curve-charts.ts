import { type Curve, IN_CONTEXT } from '../experiment/experiment.ts';
import { type Series, lineChart } from '../plots/line-chart.ts';
import { html } from './elements.ts';
import { MEANINGS } from './measures.ts';

/** Which baseline stands in the chart of which metric, by their ids. */
const BASELINE_OF: Readonly<Record<string, string>> = {
  simaou_random: 'simaou',
  simam_zsl: 'simam',
  update_norm_icl: 'update_norm',
  common_mode_icl: 'common_mode',
};

/** Small charts, one a metric: learners beside each other, with the baseline. */
export class CurveCharts {
  readonly #parent: HTMLElement;

  constructor(parent: HTMLElement) {
    this.#parent = parent;
    parent.replaceChildren(
      html('p', { class: 'hint' }, 'Drawn when the first way of training has answered.'),
    );
  }

  draw(curves: ReadonlyMap<string, readonly Curve[]>): void {
    const charts = new Map<string, { label: string; range: Curve['range']; series: Series[] }>();
    for (const [setting, own] of curves) {
      for (const { metric, label, range, values } of own) {
        const chart = charts.get(BASELINE_OF[metric] ?? metric) ?? { label, range, series: [] };
        const name = BASELINE_OF[metric] === undefined ? setting : label;
        const both = metric === 'alpha' || setting === '-';
        chart.series.push({ name: both ? label : name, style: both ? 'pair-of-both' : setting, values });
        if (BASELINE_OF[metric] === undefined) Object.assign(chart, { label });
        charts.set(BASELINE_OF[metric] ?? metric, chart);
      }
    }
    const drawn = [...charts]
      // A baseline alone has nothing to stand beside yet.
      .filter(([, { series }]) => series.some(({ style }) => style !== IN_CONTEXT))
      .map(([metric, { label, range, series }]) =>
        lineChart({
          title: label,
          across: 'layer',
          series,
          ...(MEANINGS[metric] === undefined ? {} : { note: MEANINGS[metric] }),
          ...(range[0] === -1 ? { atLeast: [0, 0] } : {}),
        }),
      );
    if (drawn.length > 0) this.#parent.replaceChildren(...drawn);
  }
}
