import type { MetricCatalogue } from '@icl-gd/metrics';
import type { PaperMatch } from '../published/paper-match.ts';
import { PAPER_MODEL } from '../published/paper-match.ts';
import type { MeasuredRows } from '../measured-rows.ts';
import type { TrainingRows } from '../training-rows.ts';
import { howJudged } from './how-judged.ts';
import type { ComparedCell } from './cells.ts';
import type { JudgedClaim } from './claims.ts';
import type { ComparedCurve } from './compare-curves.ts';
import type { Figure } from './figures.ts';
import type { Likeness } from './likeness/likeness.ts';
import type { LayerNormRatio } from './norm-ratio-table.ts';
import type { NoiseFloor } from './noise.ts';
import { Markdown, written } from './markdown.ts';
import type { Provenance } from './provenance.ts';
import { behaviourSection } from './sections/behaviour.ts';
import { contrastSection } from './sections/contrasts.ts';
import { paperFigure } from './sections/figures.ts';
import { gateSection } from './sections/gate.ts';
import { ladderSection } from './sections/ladder.ts';
import { layerSection } from './sections/layers.ts';
import { measuredTable } from './sections/measured.ts';
import { noiseSection } from './sections/noise.ts';
import { factorialSection, precisionSection } from './sections/precision.ts';
import { probeNote, provenanceSection } from './sections/provenance.ts';
import { rateSection } from './sections/rates.ts';
import { claimNumbers, comparisonSections, curveTable } from './sections/reproduction.ts';
import { list } from './sections/show.ts';

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
  /** How alike settings are to ICL, by probed token: that of the headline first. */
  readonly likeness: readonly Likeness[];
  /** The probed token of everything that stands beside the paper. */
  readonly probe: string;
  /** Weight changes and gradient norms, if they were measured. */
  readonly training?: TrainingRows;
  /** Of the runs, the headline's first; none where no manifest is there. */
  readonly provenance: readonly Provenance[];
}

/** What the page is called: the paper is named only where something stands beside it. */
export function titleOf({ model, paper }: Pick<Validation, 'model' | 'paper'>): string {
  return `${model}: ${paper.datasets.size === 0 ? 'measured' : 'published against measured'}`;
}

/** The one-page summary, in Markdown: what was learned, how alike it is and by which rates, then the paper beside it. */
export function renderSummaryPage(validation: Validation): string {
  const { datasets, variants, methods, paper, figures, likeness, training } = validation;
  const compared = paper.datasets.size > 0;
  const [headline] = likeness;
  return `${[
    written`# ${titleOf(validation)}`,
    written`Datasets: ${list(datasets)}. Variants: ${list(variants)}. Methods: ${list(methods)}. Seeds and orders: ${list(validation.selections)}.${coverage(validation)}`,
    ...(paper.notice === '' ? [] : [written`${paper.notice}`]),
    ...probeNote(likeness),
    ...(headline ? gateSection(headline) : []),
    ...ladderSection(likeness, figures),
    ...contrastSection(likeness),
    ...(headline
      ? [...layerSection(headline, figures), ...rateSection(headline, figures), ...behaviourSection(headline)]
      : []),
    ...(compared ? comparisonSections(validation) : claimNumbers(validation)),
    ...(compared ? [written`## Curves over the layers`, curveTable(validation.curves)] : []),
    ...paperFigure(2, figures),
    ...paperFigure(3, figures),
    ...noiseSection(validation.noise, validation.metrics),
    ...precisionSection(training),
    ...paperFigure(4, figures),
    ...factorialSection(training),
    ...provenanceSection(validation),
    written`## How it is ${compared ? 'judged' : 'computed'}`,
    new Markdown(
      [
        ...howJudged(compared, validation.margin, validation.declaredMargin),
        `Bands in the figures by layer are ± one sample deviation over seeds${compared ? '; dashed curves are the published ones, drawn where the numbers of layers agree' : ''}.`,
      ].join(' '),
    ),
    written`## Measured`,
    measuredTable(validation.measured),
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
