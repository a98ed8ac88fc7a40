import type { MeasuredRun } from './measured.ts';
import { measuredRows, showMean } from './measured-rows.ts';
import { PAPER_MODEL } from './published/paper-match.ts';
import { readPublishedCells } from './published/read-published.ts';
import { renderTable } from './text-table.ts';

/**
 * Measured mean ± deviation over seeds, one column a dataset; beside it in brackets the paper's figure, where model and data
 * are the paper's.
 */
export function renderSummary(run: MeasuredRun): string {
  const { datasets, rows } = measuredRows(run);
  const { paper } = run;
  const published = readPublishedCells().filter(({ dataset }) => paper.datasets.has(dataset));
  const lines = rows.map(({ metric, label, variant, method, means }) => [
    ...[variant, label, method],
    ...datasets.map((dataset, i) => {
      const figure = published.find(
        (cell) =>
          cell.metric === metric &&
          cell.variant === variant &&
          cell.method === method &&
          cell.dataset === dataset,
      );
      return `${showMean(means[i])}${figure ? ` (${figure.mean.toFixed(2)})` : ''}`;
    }),
  ]);
  const brackets = paper.datasets.size === 0 ? '' : `; in brackets the published figure of ${PAPER_MODEL}`;
  return [
    renderTable(['variant', 'metric', 'method', ...datasets], lines, 3),
    `mean ± sample deviation over seeds and orders${brackets}`,
    ...(paper.notice === '' ? [] : [paper.notice]),
  ].join('\n');
}
