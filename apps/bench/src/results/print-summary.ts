import { metrics } from '@icl-gd/metrics';
import { orderDatasets } from '../tasks/tasks.ts';
import { type MeasuredRun, NO_METHOD } from './measured.ts';
import { readPublishedCells } from './published/read-published.ts';
import { type SeedMean, lookup, seedMeans } from './seed-means.ts';
import { renderTable } from './text-table.ts';

const PUBLISHED_MODEL = 'fairseq dense 1.3B';

/** Measured mean ± deviation over seeds beside the paper's figure in brackets, one column a dataset. */
export function renderSummary({ cells, variants, methods }: MeasuredRun): string {
  const datasets = orderDatasets(cells.map(({ dataset }) => dataset));
  const find = lookup(seedMeans(cells));
  const published = readPublishedCells();
  const shown = metrics.filter(({ kind }) => kind === 'layers' || kind === 'predictions');
  const rows = variants.flatMap((variant) =>
    shown.flatMap(({ id: metric, label, of }) =>
      (of === 'learner' ? methods : [NO_METHOD]).flatMap((method) => {
        const own = datasets.map((dataset) => {
          const key = { metric, variant, method, dataset };
          const paper = published.find((cell) =>
            (['metric', 'variant', 'method', 'dataset'] as const).every((part) => cell[part] === key[part]),
          );
          return `${show(find(key))}${paper ? ` (${paper.mean.toFixed(2)})` : ''}`;
        });
        const measured = datasets.some((dataset) => find({ metric, variant, method, dataset }));
        return measured ? [[variant, label, method, ...own]] : [];
      }),
    ),
  );
  return `${renderTable(['variant', 'metric', 'method', ...datasets], rows)}\nmean ± sample deviation over seeds; in brackets the published figure of ${PUBLISHED_MODEL}`;
}

function show(own: SeedMean | undefined): string {
  if (!own) return '';
  return own.deviation === null
    ? own.mean.toFixed(3)
    : `${own.mean.toFixed(3)} ± ${own.deviation.toFixed(3)}`;
}
