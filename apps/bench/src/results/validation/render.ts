import { renderTable } from '../text-table.ts';
import type { Validation } from './summary.ts';

/** Published against measured for every cell, then each claim with its verdict, as plain text. */
export function renderValidation(validation: Validation): string {
  return [
    'Published figures are those of fairseq dense 1.3B on the real datasets; for any other model or data they are for orientation only.',
    cellTable(validation),
    claimTable(validation),
  ].join('\n');
}

function cellTable({ cells }: Validation): string {
  const rows = cells.map((cell) => {
    const { table, metric, variant, method, dataset, published, deviation, measured, interval } = cell;
    const spread = interval ? ` [${interval.lower.toFixed(3)}, ${interval.upper.toFixed(3)}]` : '';
    const own =
      measured === null
        ? ['not measured', '']
        : [`${measured.toFixed(3)}${spread}`, (measured - published).toFixed(3)];
    const paper = `${published}${deviation === null ? '' : ` ± ${deviation.toFixed(2)}`}`;
    return [table, metric, variant, method, dataset, paper, ...own, cell.verdict];
  });
  return renderTable(
    ['table', 'metric', 'variant', 'method', 'dataset', 'published', 'measured', 'difference', 'verdict'],
    rows,
    5,
  );
}

function claimTable({ claims }: Validation): string {
  const rows = claims.map(({ text, published, verdict, cases }) => {
    const labels = (wanted: string): string =>
      cases
        .flatMap((own) => (own.verdict === wanted ? `${own.dataset} ${own.method}`.trim() : []))
        .join(', ');
    const here = cases.length === 0 ? 'cannot be said: not measured' : verdict;
    return [text, published, here, labels('holds'), labels('does not hold'), labels('cannot be said')];
  });
  return renderTable(['claim', 'paper', 'here', 'holds for', 'fails for', 'open for'], rows);
}
