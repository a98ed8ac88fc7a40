import { readPublishedCells } from './published/read-published.ts';
import { orderDatasets } from '../tasks/tasks.ts';
import { type MeasuredCell, lookup } from './tables.ts';
import { renderTable } from './text-table.ts';

const METRICS = ['simaou', 'simaou_norm', 'simam', 'simam_delta'];
const ACCURACIES: readonly (readonly [string, string])[] = [
  ['accuracy_zsl', '-'],
  ['accuracy_icl', '-'],
  ['accuracy_ft', 'GD'],
  ['accuracy_ft', 'LCGD'],
];
const PUBLISHED_MODEL = 'fairseq dense 1.3B';

/** Measured mean ± deviation over seeds beside the paper's figure in brackets, one column a dataset. */
export function renderSummary(cells: readonly MeasuredCell[]): string {
  const datasets = orderDatasets(cells.map(({ dataset }) => dataset));
  const variants = [...new Set(cells.map(({ variant }) => variant))];
  const find = lookup(cells);
  const published = readPublishedCells();
  const rows: string[][] = [];
  for (const variant of variants) {
    for (const metric of METRICS) {
      for (const method of ['GD', 'LCGD']) {
        if (
          !cells.some((cell) => cell.metric === metric && cell.variant === variant && cell.method === method)
        )
          continue;
        const own = datasets.map((dataset) => {
          const paper = published.find(
            (p) =>
              p.metric === metric && p.variant === variant && p.method === method && p.dataset === dataset,
          );
          return `${show(find(metric, variant, method, dataset))}${paper ? ` (${paper.mean.toFixed(2)})` : ''}`;
        });
        rows.push([variant, metric, method, ...own]);
      }
    }
    for (const [metric, method] of [...ACCURACIES, ['alpha', '-'] as const]) {
      const own = datasets.map((dataset) => show(find(metric, variant, method, dataset)));
      if (own.some((text) => text !== '')) rows.push([variant, metric, method, ...own]);
    }
  }
  return `${renderTable(['variant', 'metric', 'method', ...datasets], rows)}\nmean ± sample deviation over seeds; in brackets the published figure of ${PUBLISHED_MODEL}`;
}

function show(cell: MeasuredCell | undefined): string {
  if (!cell) return '';
  return cell.deviation === null
    ? cell.mean.toFixed(3)
    : `${cell.mean.toFixed(3)} ± ${cell.deviation.toFixed(3)}`;
}
