import { type Interval, metrics } from '@icl-gd/metrics';
import { paperTasks } from '../../tasks/tasks.ts';
import { type MeasuredRows, showMean } from '../measured-rows.ts';
import type { ComparedCell } from './cells.ts';
import type { JudgedClaim } from './claims.ts';
import type { ComparedCurve } from './compare-curves.ts';
import type { Figure } from './figures.ts';
import type { NoiseFloor } from './noise.ts';
import type { Verdict } from './verdict.ts';

/** All that the one-page summary shows. */
export interface Validation {
  readonly model: string;
  readonly datasets: readonly string[];
  readonly variants: readonly string[];
  readonly methods: readonly string[];
  readonly measured: MeasuredRows;
  readonly claims: readonly JudgedClaim[];
  readonly cells: readonly ComparedCell[];
  readonly curves: readonly ComparedCurve[];
  readonly figures: readonly Figure[];
  /** Empty where the run measured none. */
  readonly noise: readonly NoiseFloor[];
}

const MARKS: Readonly<Record<Verdict, string>> = { holds: '✓', 'does not hold': '✗', 'cannot be said': '?' };
/** Keeps a number and its mark on one line. */
const NBSP = '\u00A0';
const TITLES: Readonly<Record<Figure['number'], (methods: string) => string>> = {
  2: () => 'Figure 2: likeness of GD and LCGD',
  3: (methods) => `Figure 3: ${methods} by layer`,
  4: () => 'Figure 4: gradient norms by layer, mean over training steps',
};

/** The one-page summary, in Markdown. */
export function renderSummaryPage(validation: Validation): string {
  const { model, datasets, variants, methods, claims, cells, curves, figures, noise } = validation;
  const agreeing = cells.filter(({ verdict }) => verdict === 'holds').length;
  const measured = cells.filter((cell) => cell.measured !== null).length;
  const ofPaper = datasets.some((id) => paperTasks().some((task) => task.id === id));
  const grid = (which: ComparedCell['table']): string =>
    ofPaper ? cellGrid(cells, which) : "None of the paper's datasets was run.";
  return `${[
    `# ${escape(model)}: published against measured`,
    `Datasets: ${list(datasets)}. Variants: ${list(variants)}. Methods: ${list(methods)}. ` +
      `${measured} of the paper's ${cells.length} cells were measured, ${agreeing} of them agree. ` +
      'The published figures are those of fairseq dense 1.3B on the real datasets; for any other model or data they are for orientation only.',
    '## Claims of the paper',
    claimTable(claims, datasets),
    '## Table 1: trained and re-initialised models under GD',
    grid(1),
    '## Table 2: GD and LCGD',
    grid(2),
    '## Table 3: datasets',
    grid(3),
    ...(ofPaper
      ? ['A cell reads: published → measured. ✓ holds, ✗ does not hold, ? cannot be said, – not measured.']
      : []),
    '## Measured',
    measuredTable(validation.measured),
    '## Curves over the layers',
    curveTable(curves),
    ...([2, 3, 4] as const).flatMap((number) => figureSection(number, figures)),
    ...noiseSection(noise),
    '## How it is judged',
    'Intervals are 95 % bootstrap intervals over seeds and examples (over seeds and training steps for gradient norms), paired where two scores are compared. ' +
      'A claim holds for a dataset if the interval lies above zero, does not hold if it lies below, and else cannot be said; it holds as a whole if the share of the measured datasets that the paper reports does. ' +
      "A cell holds if the interval and the published mean ± deviation, printed with two decimals, overlap; Table 3's cells must be equal. " +
      'Bands in the figures are ± one sample deviation over seeds; dashed curves are the published ones, drawn where the numbers of layers agree.',
  ].join('\n\n')}\n`;
}

function claimTable(claims: readonly JudgedClaim[], datasets: readonly string[]): string {
  return table(
    ['claim', 'paper', 'here', ...datasets.map(escape)],
    claims.map(({ text, quantity, published, verdict, cases }) => [
      `${text.replaceAll('_', String.raw`\_`)}<br>*${quantity}*`,
      published,
      `${MARKS[verdict]} ${cases.length === 0 ? 'not measured' : verdict}`,
      ...datasets.map((dataset) =>
        cases
          .filter((own) => own.dataset === dataset)
          .map(
            (own) =>
              [MARKS[own.verdict], ...(own.method ? [own.method] : []), signed(own.value)].join(NBSP) +
              range(own.interval),
          )
          .join('<br>'),
      ),
    ]),
  );
}

function measuredTable({ datasets, rows }: MeasuredRows): string {
  if (rows.length === 0) return 'Nothing was measured.';
  return [
    table(
      ['variant', 'metric', 'method', ...datasets.map(escape)],
      rows.map(({ variant, label, method, means }) => [
        ...[variant, label, method].map(escape),
        ...means.map((own) => showMean(own).replaceAll('-', '−').replaceAll(' ', NBSP)),
      ]),
    ),
    'Mean ± sample deviation over seeds.',
  ].join('\n\n');
}

function cellGrid(all: readonly ComparedCell[], which: 1 | 2 | 3): string {
  const cells = all.filter((cell) => cell.table === which);
  const columns = columnsOf(cells);
  const rows = Map.groupBy(cells, ({ metric, variant, method }) =>
    [labelOf(metric), which === 1 ? variant : method].filter((part) => part !== '-').join(', '),
  );
  return table(
    [which === 3 ? '' : which === 1 ? 'metric, variant' : 'metric, method', ...columns],
    [...rows].map(([name, own]) => [
      escape(name),
      ...columns.map((dataset) => {
        const cell = own.find((each) => each.dataset === dataset);
        return cell ? showCell(cell) : '';
      }),
    ]),
  );
}

function showCell({ table: which, published, deviation, measured, interval, verdict }: ComparedCell): string {
  // With as many decimals as the paper prints.
  const paper = deviation === null ? `${published}` : published.toFixed(2);
  if (measured === null) return `${paper} → –`;
  const own = which === 3 ? measured.toFixed(0) : number(measured);
  return [paper, '→', own, MARKS[verdict]].join(NBSP) + range(interval);
}

function curveTable(curves: readonly ComparedCurve[]): string {
  const own = curves.filter(({ measuredLayers }) => measuredLayers > 0);
  if (own.length === 0) return 'None of the published curves was measured.';
  const reasons = [...new Set(own.map(({ note }) => note).filter(Boolean))];
  if (own.every(({ comparedLayers }) => comparedLayers === 0))
    return `No correlation: ${reasons.join('; ')}.`;
  const rows = Map.groupBy(own, ({ variant, method, metric }) => `${labelOf(metric)}, ${variant}, ${method}`);
  const datasets = columnsOf(own);
  return [
    table(
      ['metric, variant, method', ...datasets],
      [...rows].map(([name, row]) => [
        escape(name),
        ...datasets.map((id) =>
          row
            .filter(({ dataset }) => dataset === id)
            .map(showCurve)
            .join(''),
        ),
      ]),
    ),
    "Pearson's correlation over the layers and mean absolute difference between published and measured; in brackets the layers compared, where not all.",
  ].join('\n\n');
}

function showCurve({
  correlation,
  meanAbsoluteDifference,
  comparedLayers,
  publishedLayers,
  note,
}: ComparedCurve): string {
  if (comparedLayers === 0) return note;
  const layers = comparedLayers === publishedLayers ? '' : ` (${comparedLayers})`;
  return `r ${correlation === null ? '?' : number(correlation)}${layers}<br>± ${number(meanAbsoluteDifference ?? 0)}`.replaceAll(
    ' ',
    NBSP,
  );
}

/** Those of the paper's datasets that are there, in its order. */
function columnsOf(entries: readonly { readonly dataset: string }[]): string[] {
  return [...paperTasks().map(({ id }) => id), 'average'].filter((id) =>
    entries.some(({ dataset }) => dataset === id),
  );
}

function noiseSection(noise: readonly NoiseFloor[]): string[] {
  if (noise.length === 0) return [];
  const datasets = [...new Set(noise.map(({ dataset }) => dataset))];
  const rows = Map.groupBy(noise, ({ metric, method }) => `${labelOf(metric)}, ${method}`);
  const rates = datasets.map((id) => {
    const own = noise.filter(({ dataset }) => dataset === id).flatMap(({ learningRates }) => learningRates);
    return [...new Set(own)].join(' ');
  });
  return [
    '## Noise floor',
    table(
      ['metric, method', ...datasets.map((id, i) => `${escape(id)}, rate ${rates[i]}`)],
      [...rows].map(([name, own]) => [
        escape(name),
        ...datasets.map((id) =>
          own
            .filter(({ dataset }) => dataset === id)
            .map(showNoise)
            .join(''),
        ),
      ]),
    ),
    "The score, and how far an example's score moves (root mean square) when only rounding does: with another order of summation in float32, with trained weights in float16, with recorded activations in float16. A score is signal as far as it is larger.",
  ];
}

function showNoise({ value, changes }: NoiseFloor): string {
  if (value === null) return 'undefined';
  const lines = Object.entries(changes).map(
    ([perturbation, change]) => `${perturbation} ${change === null ? '–' : change.toPrecision(2)}`,
  );
  return [number(value), ...lines].join('<br>');
}

function figureSection(number: Figure['number'], figures: readonly Figure[]): string[] {
  const own = figures.filter((figure) => figure.number === number);
  if (own.length === 0) return [];
  const methods = [...new Set(own.flatMap((figure) => figure.methods))].map(escape);
  const named = [methods.slice(0, -1).join(', '), ...methods.slice(-1)].filter(Boolean).join(' and ');
  return [
    `## ${TITLES[number](named)}`,
    own.map(({ title, file }) => `![${escape(title)}](${encodeURI(file)})`).join('\n'),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(names: readonly string[]): string {
  return names.map(escape).join(', ') || 'none';
}

function signed(value: number | null): string {
  return value === null ? '' : `${value < 0 ? '' : '+'}${number(value)}`;
}

/** Three decimals, or one digit of what they would show as zero. */
function number(value: number): string {
  const tiny = value !== 0 && Math.abs(value) < 0.0005;
  return (tiny ? value.toExponential(0) : value.toFixed(3)).replaceAll('-', '−');
}

function range(interval: Interval | null): string {
  return interval ? `<br>[${number(interval.lower)},${NBSP}${number(interval.upper)}]` : '';
}

/** Names come from users: nothing in them is Markdown or HTML. */
function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|!#~]/g, String.raw`\$&`);
}

/** What people call a metric; Table 3 has numbers that are none. */
function labelOf(id: string): string {
  return metrics.find((metric) => metric.id === id)?.label ?? id;
}
