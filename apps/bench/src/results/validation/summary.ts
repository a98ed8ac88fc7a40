import { type Interval, type MetricCatalogue, builtInMetrics } from '@icl-gd/metrics';
import { publishedSupport } from '../inference/published-support.ts';
import { showNeeded } from '../inference/seeds-needed.ts';
import { groupBy } from '../../experiment/group-by.ts';
import { paperTasks } from '../../tasks/tasks.ts';
import type { PaperMatch } from '../published/paper-match.ts';
import { PAPER_MODEL } from '../published/paper-match.ts';
import { type MeasuredRows, showMean } from '../measured-rows.ts';
import { howJudged } from './how-judged.ts';
import type { ComparedCell } from './cells.ts';
import type { JudgedClaim } from './claims.ts';
import type { ComparedCurve } from './compare-curves.ts';
import type { Figure } from './figures.ts';
import type { LayerNormRatio } from './norm-ratio-table.ts';
import type { NoiseFloor } from './noise.ts';
import { type Inline, Markdown, joined, table, written } from './markdown.ts';
import { supportSection } from './render-support.ts';
import type { Verdict } from './verdict.ts';

/** All that the one-page summary shows. */
export interface Validation {
  readonly model: string;
  readonly datasets: readonly string[];
  readonly variants: readonly string[];
  readonly methods: readonly string[];
  /** Seed and order of the trials, `5/0`. */
  readonly selections: readonly string[];
  readonly measured: MeasuredRows;
  /** What is measured; the built-in metrics if absent. */
  readonly metrics?: MetricCatalogue;
  /** Which of it stands beside the paper's figures. */
  readonly paper: PaperMatch;
  /** By how much a score may differ and count as the same. */
  readonly margin: number;
  /** What the run itself declared, if it did. */
  readonly declaredMargin?: number;
  readonly claims: readonly JudgedClaim[];
  readonly cells: readonly ComparedCell[];
  readonly curves: readonly ComparedCurve[];
  readonly figures: readonly Figure[];
  /** Empty where the run trained nothing. */
  readonly normRatios: readonly LayerNormRatio[];
  /** Empty where the run measured none. */
  readonly noise: readonly NoiseFloor[];
}

const MARKS: Readonly<Record<Verdict | ComparedCell['verdict'], string>> = {
  ...{ holds: '✓', 'does not hold': '✗', inconclusive: '?' },
  ...{ equivalent: '✓', different: '✗', 'not measured': '–' },
};
/** Keeps a number and its mark on one line. */
const NBSP = '\u00A0';
const BREAK = '<br>';

/** What the page is called: the paper is named only where something stands beside it. */
export function titleOf({ model, paper }: Pick<Validation, 'model' | 'paper'>): string {
  return `${model}: ${paper.datasets.size === 0 ? 'measured' : 'published against measured'}`;
}

/** The one-page summary, in Markdown. */
export function renderSummaryPage(validation: Validation): string {
  const { datasets, variants, methods, measured, paper, figures, noise } = validation;
  const compared = paper.datasets.size > 0;
  return `${[
    written`# ${titleOf(validation)}`,
    written`Datasets: ${list(datasets)}. Variants: ${list(variants)}. Methods: ${list(methods)}. Seeds and orders: ${list(validation.selections)}.${coverage(validation)}`,
    ...(paper.notice === '' ? [] : [written`${paper.notice}`]),
    ...(compared ? comparisonSections(validation) : claimNumbers(validation)),
    written`## Measured`,
    measuredTable(measured),
    ...(compared ? [written`## Curves over the layers`, curveTable(validation.curves)] : []),
    ...([2, 3, 4] as const).flatMap((number) => figureSection(number, figures)),
    ...noiseSection(noise, validation.metrics),
    written`## How it is ${compared ? 'judged' : 'computed'}`,
    new Markdown(
      [
        ...howJudged(compared, validation.margin, validation.declaredMargin),
        `Bands in the figures are ± one sample deviation over seeds${compared ? '; dashed curves are the published ones, drawn where the numbers of layers agree' : ''}.`,
      ].join(' '),
    ),
  ]
    .map(({ source }) => source)
    .join('\n\n')}\n`;
}

/** How much of the paper's tables the run has, if any of it. */
function coverage({ cells, margin, paper }: Validation): Markdown {
  if (paper.datasets.size === 0) return written``;
  const count = (wanted: ComparedCell['verdict']): string =>
    `${cells.filter(({ verdict }) => verdict === wanted).length}`;
  const measured = cells.filter((cell) => cell.measured !== null).length;
  return written` ${`${measured}`} of the paper's ${`${cells.length}`} cells were measured: ${count('equivalent')} of them are equivalent within ±${`${margin}`}, ${count('different')} different, ${count('inconclusive')} inconclusive. The published figures are those of ${PAPER_MODEL} on the real datasets.`;
}

function comparisonSections({ claims, cells, datasets }: Validation): Markdown[] {
  return [
    written`## Claims of the paper`,
    claimTable(claims, datasets),
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

/** What the claims are about, as this run has it: numbers without verdicts. */
function claimNumbers({ claims, datasets }: Validation): Markdown[] {
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

function showP(p: number | null): string {
  return p === null ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3);
}

function settled(needed: number | null, units: string): Markdown {
  return needed === null
    ? written``
    : written`${new Markdown(BREAK)}settled by ${showNeeded(needed)} ${units}`;
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

function measuredTable({ datasets, rows }: MeasuredRows): Markdown {
  if (rows.length === 0) return written`Nothing was measured.`;
  const scores = table(
    ['variant', 'metric', 'method', ...datasets],
    rows.map(({ variant, label, method, means }) => [
      ...[variant, label, method],
      ...means.map((own) => showMean(own).replaceAll('-', '−').replaceAll(' ', NBSP)),
    ]),
  );
  return written`${scores}\n\nMean ± sample deviation over seeds and orders.`;
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

function curveTable(curves: readonly ComparedCurve[]): Markdown {
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

function noiseSection(noise: readonly NoiseFloor[], metrics?: MetricCatalogue): Markdown[] {
  if (noise.length === 0) return [];
  const datasets = [...new Set(noise.map(({ dataset }) => dataset))];
  const rows = groupBy(noise, ({ metric, method }) => `${labelOf(metric, metrics)}, ${method}`);
  const rates = datasets.map((id) => {
    const own = noise.filter(({ dataset }) => dataset === id).flatMap(({ learningRates }) => learningRates);
    return [...new Set(own)].join(' ');
  });
  return [
    written`## Noise floor`,
    table(
      ['metric, method', ...datasets.map((id, i) => `${id}, rate ${rates[i]}`)],
      [...rows].map(([name, own]) => [
        name,
        ...datasets.map((id) => joined(own.filter(({ dataset }) => dataset === id).map(showNoise), '')),
      ]),
    ),
    written`The score, and how far an example's score moves (root mean square) when only rounding does: with another order of summation in float32, with trained weights in float16, with recorded activations in float16. A score is signal as far as it is larger.`,
  ];
}

function showNoise({ value, changes }: NoiseFloor): Inline {
  if (value === null) return 'undefined';
  const lines = [...changes].map(
    ([perturbation, change]) => `${perturbation} ${change === null ? '–' : change.toPrecision(2)}`,
  );
  return joined([number(value), ...lines], BREAK);
}

function figureSection(which: Figure['number'], figures: readonly Figure[]): Markdown[] {
  const own = figures.filter((figure) => figure.number === which);
  if (own.length === 0) return [];
  const methods = [...new Set(own.flatMap((figure) => figure.methods))];
  const named = [methods.slice(0, -1).join(', '), ...methods.slice(-1)].filter(Boolean).join(' and ');
  const titles: Readonly<Record<Figure['number'], string>> = {
    2: 'Figure 2: likeness of GD and LCGD',
    3: `Figure 3: ${named} by layer`,
    4: 'Figure 4: gradient norms by layer, mean over training steps',
  };
  return [
    written`## ${titles[which]}`,
    joined(
      own.map(({ title, file }) => written`![${title}](${new Markdown(encodeURI(file))})`),
      '\n',
    ),
  ];
}

function list(names: readonly string[]): string {
  return names.join(', ') || 'none';
}

function signed(value: number | null): string {
  return value === null ? '' : `${value < 0 ? '' : '+'}${number(value)}`;
}

/** Three decimals, or one digit of what they would show as zero. */
function number(value: number): string {
  const tiny = value !== 0 && Math.abs(value) < 0.0005;
  return (tiny ? value.toExponential(0) : value.toFixed(3)).replaceAll('-', '−');
}

/** An interval, with a word where it is of a single seed. */
function range(interval: Interval | null, basis?: ComparedCell['basis']): Markdown {
  const alone = basis === 'examples' ? ` (1${NBSP}seed)` : '';
  return interval
    ? new Markdown(`${BREAK}[${number(interval.lower)},${NBSP}${number(interval.upper)}]${alone}`)
    : written``;
}

/** What people call a metric; Table 3 has numbers that are none. */
function labelOf(id: string, { metrics }: MetricCatalogue = builtInMetrics): string {
  return metrics.find((metric) => metric.id === id)?.label ?? id;
}
