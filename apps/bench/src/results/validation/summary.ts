import { PAPER_MODEL } from '../published/paper-match.ts';
import { howJudged } from './how-judged.ts';
import type { ComparedCell } from './cells.ts';
import { Markdown, written } from './markdown.ts';
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
import type { Validation } from './validation.ts';

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
