import { join } from 'node:path';
import { writeWhole } from '@icl-gd/transformer/files';
import { type Table, toCsv } from '../csv.ts';
import { cellTable, compareCells } from './cells.ts';
import { type JudgedClaim, judgeClaims } from './claims.ts';
import { compareCurves, curveTable } from './compare-curves.ts';
import { measuredCurves, publishedCurves } from './curves.ts';
import { drawFigures } from './figures.ts';
import type { MeasuredRun } from '../measured.ts';
import { measuredRows } from '../measured-rows.ts';
import { ExampleScores } from './example-scores.ts';
import { summariseNoise } from './noise.ts';
import { renderPage } from './page.ts';
import { type Validation, renderSummaryPage } from './summary.ts';

/** Compares a run with the paper. A pure function of what was measured. */
export function validate(run: MeasuredRun): Validation {
  const examples = new ExampleScores(run.cells);
  return {
    model: run.model,
    datasets: examples.datasets,
    variants: run.variants,
    methods: run.methods,
    measured: measuredRows(run),
    claims: judgeClaims(run),
    cells: compareCells(run, examples),
    curves: compareCurves(publishedCurves(), measuredCurves(run.cells)),
    figures: drawFigures(run),
    noise: summariseNoise(run.noise),
  };
}

/** Writes summary.md, summary.html, figures/ and the tables behind them. The same run gives the same bytes. */
export async function writeValidation(out: string, validation: Validation): Promise<void> {
  const markdown = renderSummaryPage(validation);
  for (const { file, svg } of validation.figures) await writeWhole(join(out, file), svg);
  const tables: Readonly<Record<string, Table>> = {
    'validation_cells.csv': cellTable(validation.cells),
    'validation_layers.csv': curveTable(validation.curves),
    'validation_claims.csv': claimTable(validation.claims),
  };
  for (const [file, table] of Object.entries(tables)) await writeWhole(join(out, file), toCsv(table));
  await writeWhole(join(out, 'summary.md'), markdown);
  await writeWhole(
    join(out, 'summary.html'),
    renderPage(`${validation.model}: published against measured`, markdown, validation.figures),
  );
}

function claimTable(claims: readonly JudgedClaim[]): Table {
  return {
    columns: [
      ...[
        'claim',
        'published',
        'claim_verdict',
        'dataset',
        'method',
        'quantity',
        'value',
        'lower_95',
        'upper_95',
      ],
      ...['seeds', 'verdict'],
    ],
    rows: claims.flatMap(({ text, published, verdict, quantity, cases }) =>
      cases.length === 0
        ? [[text, published, verdict, null, null, quantity, null, null, null, 0, null]]
        : cases.map((own) => [
            ...[text, published, verdict, own.dataset, own.method || '-', quantity, own.value],
            ...[own.interval?.lower ?? null, own.interval?.upper ?? null, own.seeds, own.verdict],
          ]),
    ),
  };
}
