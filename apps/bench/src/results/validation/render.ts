import { type MeasuredRows, showMean } from '../measured-rows.ts';
import { showNeeded } from '../inference/seeds-needed.ts';
import { PAPER_MODEL } from '../published/paper-match.ts';
import { renderTable } from '../text-table.ts';
import { renderClaims } from './render-claims.ts';
import type { Validation } from './validation.ts';
import type { Verdict } from './verdict.ts';

/**
 * Published against measured for every cell, then each claim with its verdict, as plain text; where nothing is the paper's,
 * what was measured and what the claims are about.
 */
export function renderValidation(validation: Validation): string {
  const { paper, measured, claims } = validation;
  const notice = paper.notice === '' ? [] : [paper.notice];
  if (paper.datasets.size === 0) return [...notice, renderMeans(measured), renderClaims(claims)].join('\n');
  return [
    `Published figures are those of ${PAPER_MODEL} on the real datasets.`,
    ...notice,
    cellTable(validation),
    claimTable(validation),
  ].join('\n');
}

function renderMeans({ datasets, rows }: MeasuredRows): string {
  return renderTable(
    ['variant', 'metric', 'method', ...datasets],
    rows.map(({ variant, label, method, means }) => [variant, label, method, ...means.map(showMean)]),
  );
}

function cellTable({ cells }: Validation): string {
  const rows = cells.map((cell) => {
    const { table, metric, variant, method, dataset, published, deviation, measured, interval } = cell;
    const spread = interval ? ` [${interval.lower.toFixed(3)}, ${interval.upper.toFixed(3)}]` : '';
    const own =
      measured === null ? ['', ''] : [`${measured.toFixed(3)}${spread}`, (measured - published).toFixed(3)];
    const paper = `${published}${deviation === null ? '' : ` ± ${deviation.toFixed(2)}`}`;
    const needed = cell.toSettle === null ? '' : ` (seeds: ${showNeeded(cell.toSettle)})`;
    return [table, metric, variant, method, dataset, paper, ...own, `${cell.verdict}${needed}`];
  });
  return renderTable(
    ['table', 'metric', 'variant', 'method', 'dataset', 'published', 'measured', 'difference', 'verdict'],
    rows,
    5,
  );
}

function claimTable({ claims }: Validation): string {
  const closed = claims.some(({ cases }) => cases.some(({ verdict }) => verdict === 'nothing was learned'));
  const rows = claims.map(({ text, published, verdict, cases }) => {
    const labels = (wanted: Verdict): string =>
      cases
        .flatMap((own) => (own.verdict === wanted ? `${own.dataset} ${own.method}`.trim() : []))
        .join(', ');
    const here = cases.length === 0 ? 'inconclusive: not measured' : (verdict ?? '');
    return [
      ...[text, published, here, labels('holds'), labels('does not hold'), labels('inconclusive')],
      ...(closed ? [labels('nothing was learned')] : []),
    ];
  });
  return renderTable(
    [
      ...['claim', 'paper', 'here', 'holds for', 'fails for', 'open for'],
      ...(closed ? ['nothing learned for'] : []),
    ],
    rows,
  );
}
