import { publishedSupport } from '../../inference/published-support.ts';
import { groupBy } from '../../../experiment/group-by.ts';
import { paperTasks } from '../../../tasks/tasks.ts';
import type { ComparedCell } from '../cells.ts';
import type { JudgedClaim } from '../claims.ts';
import type { ComparedCurve } from '../compare-curves.ts';
import { type Inline, Markdown, joined, table, written } from '../markdown.ts';
import { supportSection } from '../render-support.ts';
import type { Validation } from '../validation.ts';
import { BREAK, MARKS, NBSP, labelOf, number, range, settled, showP, signed } from './show.ts';

export function comparisonSections({ claims, cells, datasets }: Validation): Markdown[] {
  return [
    written`## Claims of the paper`,
    claimTable(claims, datasets),
    ...(closed(claims)
      ? [
          written`∅ nothing was learned, by the gate above: the claim is not about that cell. What is undecided there is inconclusive here; neither is among the datasets together.`,
        ]
      : []),
    written`## Table 1: trained and re-initialised models under GD`,
    cellGrid(cells, 1),
    written`## Table 2: GD and LCGD`,
    cellGrid(cells, 2),
    written`## Table 3: datasets`,
    cellGrid(cells, 3),
    written`A cell reads: published → measured. ✓ equivalent, ✗ different, ? inconclusive, with about how many seeds would settle it, – not measured.`,
    ...supportSection(publishedSupport()),
  ];
}

function closed(claims: readonly JudgedClaim[]): boolean {
  return claims.some(({ cases }) => cases.some(({ verdict }) => verdict === 'nothing was learned'));
}

/** What the claims are about, as this run has it: numbers without verdicts. */
export function claimNumbers({ claims, datasets }: Validation): Markdown[] {
  const measured = claims.filter(({ cases }) => cases.length > 0);
  if (measured.length === 0) return [];
  return [
    written`## What the paper's claims are about`,
    table(
      ['claim of the paper', 'datasets together', ...datasets],
      measured.map((claim) => [
        nameOf(claim),
        showAcross(claim),
        ...datasets.map((dataset) => showCases(claim, dataset)),
      ]),
    ),
  ];
}

function claimTable(claims: readonly JudgedClaim[], datasets: readonly string[]): Markdown {
  return table(
    ['claim', 'paper', 'here', 'datasets together', ...datasets],
    claims.map((claim) => [
      nameOf(claim),
      claim.published,
      claim.verdict === null
        ? ''
        : `${MARKS[claim.verdict]} ${claim.cases.length === 0 ? 'not measured' : claim.verdict}`,
      showAcross(claim),
      ...datasets.map((dataset) => showCases(claim, dataset)),
    ]),
  );
}

/** Claims are ours, and may have code in them. */
function nameOf({ text, quantity, role }: JudgedClaim): Markdown {
  return new Markdown(`${text.replaceAll('_', String.raw`\_`)}${BREAK}*${quantity}; ${role}*`);
}

function showAcross({ across }: JudgedClaim): Markdown {
  return joined(
    across.map(
      ({ verdict, method, mean, interval, adjustedP, signFlipP, toSettle }) =>
        written`${[...(verdict === null ? [] : [MARKS[verdict]]), ...(method ? [method] : []), signed(mean)].join(NBSP)}${range(interval)}${new Markdown(BREAK)}${`t${NBSP}${showP(adjustedP)}, flips${NBSP}${showP(signFlipP)}`}${settled(toSettle, 'datasets')}`,
    ),
    BREAK,
  );
}

function showCases({ cases }: JudgedClaim, dataset: string): Markdown {
  const own = cases.filter((each) => each.dataset === dataset);
  return joined(
    own.map(
      ({ verdict, method, value, interval, basis, toSettle }) =>
        written`${[...(verdict === null ? [] : [MARKS[verdict]]), ...(method ? [method] : []), signed(value)].join(NBSP)}${range(interval, basis)}${settled(verdict === null ? null : toSettle, 'seeds')}`,
    ),
    BREAK,
  );
}

function cellGrid(all: readonly ComparedCell[], which: 1 | 2 | 3): Markdown {
  const cells = all.filter((cell) => cell.table === which);
  const columns = columnsOf(cells);
  const rows = groupBy(cells, ({ metric, variant, method }) =>
    [labelOf(metric), which === 1 ? variant : method].filter((part) => part !== '-').join(', '),
  );
  return table(
    [which === 3 ? '' : which === 1 ? 'metric, variant' : 'metric, method', ...columns],
    [...rows].map(([name, own]) => [
      name,
      ...columns.map((dataset) => {
        const cell = own.find((each) => each.dataset === dataset);
        return cell ? showCell(cell) : '';
      }),
    ]),
  );
}

function showCell({ table: which, published, deviation, measured, ...cell }: ComparedCell): Inline {
  // With as many decimals as the paper prints.
  const paper = deviation === null ? `${published}` : published.toFixed(2);
  if (measured === null) return `${paper} → –`;
  const own = which === 3 ? measured.toFixed(0) : number(measured);
  return written`${[paper, '→', own, MARKS[cell.verdict]].join(NBSP)}${range(cell.interval, cell.basis)}${settled(cell.toSettle, 'seeds')}`;
}

export function curveTable(curves: readonly ComparedCurve[]): Markdown {
  const own = curves.filter(({ measuredLayers }) => measuredLayers > 0);
  if (own.length === 0) return written`None of the published curves was measured.`;
  const reasons = [...new Set(own.map(({ note }) => note).filter(Boolean))];
  if (own.every(({ comparedLayers }) => comparedLayers === 0))
    return written`No correlation: ${reasons.join('; ')}.`;
  const rows = groupBy(own, ({ variant, method, metric }) => `${labelOf(metric)}, ${variant}, ${method}`);
  const datasets = columnsOf(own);
  const grid = table(
    ['metric, variant, method', ...datasets],
    [...rows].map(([name, row]) => [
      name,
      ...datasets.map((id) => joined(row.filter(({ dataset }) => dataset === id).map(showCurve), '')),
    ]),
  );
  return written`${grid}\n\nPearson's correlation over the layers and mean absolute difference between published and measured; in brackets the layers compared, where not all.`;
}

function showCurve({
  correlation,
  meanAbsoluteDifference,
  comparedLayers,
  publishedLayers,
  note,
}: ComparedCurve): Inline {
  if (comparedLayers === 0) return note;
  const layers = comparedLayers === publishedLayers ? '' : ` (${comparedLayers})`;
  const lines = [
    `r ${correlation === null ? '?' : number(correlation)}${layers}`,
    `± ${number(meanAbsoluteDifference ?? 0)}`,
  ];
  return joined(
    lines.map((line) => line.replaceAll(' ', NBSP)),
    BREAK,
  );
}

/** Those of the paper's datasets that are there, in its order. */
function columnsOf(entries: readonly { readonly dataset: string }[]): string[] {
  return [...paperTasks().map(({ id }) => id), 'average'].filter((id) =>
    entries.some(({ dataset }) => dataset === id),
  );
}
