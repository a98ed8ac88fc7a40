import { mean } from '@icl-gd/metrics';
import { lineChartSvg } from '../../results/plots/line-chart.ts';
import type { LogRow } from './training-state.ts';

const MOST_POINTS = 200;

/** Training loss (nats per target) by step as SVG; of more than 200 steps, each point is the mean over several in a row. */
export function lossPicture(title: string, log: readonly LogRow[]): string {
  const width = Math.ceil(log.length / MOST_POINTS);
  const points: [number, number][] = [];
  for (let start = 0; start < log.length; start += width) {
    const rows = log.slice(start, start + width);
    points.push([rows.at(-1)?.step as number, mean(rows.map(({ loss }) => loss)) as number]);
  }
  return lineChartSvg({
    title: width > 1 ? `${title} (means of ${width} steps)` : title,
    xLabel: 'step',
    yLabel: 'loss (nats per target)',
    series: [{ name: 'training loss', points }],
  });
}
