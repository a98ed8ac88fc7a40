import type { MeasuredRun } from './measured.ts';
import { measuredRows, showMean } from './measured-rows.ts';
import { readPublishedCells } from './published/read-published.ts';
import { renderTable } from './text-table.ts';

const PUBLISHED_MODEL = 'fairseq dense 1.3B';

/** Measured mean ± deviation over seeds beside the paper's figure in brackets, one column a dataset. */
export function renderSummary(run: MeasuredRun): string {
  const { datasets, rows } = measuredRows(run);
  const published = readPublishedCells();
  const lines = rows.map(({ metric, label, variant, method, means }) => [
    ...[variant, label, method],
    ...datasets.map((dataset, i) => {
      const paper = published.find(
        (cell) =>
          cell.metric === metric &&
          cell.variant === variant &&
          cell.method === method &&
          cell.dataset === dataset,
      );
      return `${showMean(means[i])}${paper ? ` (${paper.mean.toFixed(2)})` : ''}`;
    }),
  ]);
  return `${renderTable(['variant', 'metric', 'method', ...datasets], lines, 3)}\nmean ± sample deviation over seeds; in brackets the published figure of ${PUBLISHED_MODEL}`;
}
