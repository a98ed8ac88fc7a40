import { join } from 'node:path';
import { writeWhole } from '@icl-gd/transformer/files';
import { toCsv } from '../csv.ts';
import { compareCells } from './cells.ts';
import { compareCurves } from './compare-curves.ts';
import { measuredCurves, publishedCurves } from './curves.ts';
import { drawFigures } from './figures.ts';
import type { MeasuredRun } from '../measured.ts';
import { measuredRows } from '../measured-rows.ts';
import { publishedShown } from '../shown.ts';
import { removeFigures, removeOwn, withHeader } from '../stale.ts';
import { DEFAULT_MARGIN } from '../inference/margin.ts';
import { ExampleScores } from './example-scores.ts';
import { judgeLearned } from './gated-claims.ts';
import { drawLikeness } from './likeness/figures.ts';
import { type ProbedRun, UNKNOWN_PROBE, likenessOf } from './likeness/likeness.ts';
import { normRatiosOf } from './norm-ratio-table.ts';
import { summariseNoise } from './noise.ts';
import { renderPage } from './page.ts';
import type { Provenance } from './provenance.ts';
import { validationTables } from './validation-files.ts';
import { renderSummaryPage, titleOf } from './summary.ts';
import type { Validation } from './validation.ts';

/** What of a page is not in the run itself. */
export interface PageOptions {
  /** By how much a score may differ and count as the same; that of the run if not given. */
  readonly margin?: number | undefined;
  /** The same run by probed token, that of the headline first; the run alone if not given. */
  readonly probes?: readonly ProbedRun[];
  readonly provenance?: readonly Provenance[];
}

/** Compares a run with the paper, and its settings with ICL. A pure function of what was measured. */
export function validate(run: MeasuredRun, options: PageOptions = {}): Validation {
  const { margin = run.margin ?? DEFAULT_MARGIN, provenance = [] } = options;
  const { probes = [{ probe: UNKNOWN_PROBE, run }] } = options;
  const examples = new ExampleScores(run.cells);
  const shown = publishedShown(run);
  const likeness = probes.map(likenessOf);
  return {
    model: run.model,
    datasets: examples.datasets,
    variants: run.variants,
    methods: run.methods,
    selections: [...new Set(run.cells.map(({ seed, permutation }) => `${seed}/${permutation}`))],
    measured: measuredRows(run),
    ...(run.metrics ? { metrics: run.metrics } : {}),
    margin,
    ...(run.margin === undefined ? {} : { declaredMargin: run.margin }),
    claims: judgeLearned(run, margin),
    cells: compareCells(run, examples, margin),
    normRatios: normRatiosOf(run.cells),
    paper: run.paper,
    curves: compareCurves(
      publishedCurves().filter(({ dataset }) => shown(dataset)),
      measuredCurves(run.cells),
    ),
    figures: [...likeness.slice(0, 1).flatMap(drawLikeness), ...drawFigures(run)],
    noise: summariseNoise(run.noise),
    likeness,
    probe: probes.find((own) => own.run === run)?.probe ?? UNKNOWN_PROBE,
    ...(run.training ? { training: run.training } : {}),
    provenance,
  };
}

/**
 * Writes summary.md, summary.html, figures/ and the tables behind them; what an earlier validation left and this one does not
 * write is removed. The same run gives the same bytes.
 */
export async function writeValidation(out: string, validation: Validation): Promise<void> {
  const markdown = renderSummaryPage(validation);
  for (const { file, svg } of validation.figures) await writeWhole(join(out, file), svg);
  const compared = validation.paper.datasets.size > 0;
  for (const { file, table, written } of validationTables(validation, compared)) {
    if (written) await writeWhole(join(out, file), toCsv(table));
    else await removeOwn(join(out, file), withHeader(table.columns));
  }
  await writeWhole(join(out, 'summary.md'), markdown);
  const html = renderPage(titleOf(validation), markdown, validation.figures);
  await writeWhole(join(out, 'summary.html'), html);
  await removeFigures(
    out,
    validation.figures.map(({ file }) => file),
  );
}
