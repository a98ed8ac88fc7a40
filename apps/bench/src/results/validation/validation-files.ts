import { join } from 'node:path';
import type { Table } from '../csv.ts';
import { removeFigures, removeOwn, removePages, withHeader } from '../stale.ts';
import { cellTable } from './cells.ts';
import type { JudgedClaim } from './claims.ts';
import { curveTable } from './compare-curves.ts';
import type { Validation } from './summary.ts';

/** Removes all that `icl-gd validate` writes: it is of other tables than those that are there now. */
export async function removeValidation(out: string): Promise<void> {
  for (const { file, table } of validationTables({ cells: [], curves: [], claims: [] }, false))
    await removeOwn(join(out, file), withHeader(table.columns));
  await removePages(out);
  await removeFigures(out, []);
}

/** The tables behind the summary, and whether they are written: not where nothing may be compared. */
export function validationTables(
  { cells, curves, claims }: Pick<Validation, 'cells' | 'curves' | 'claims'>,
  compared: boolean,
): { readonly file: string; readonly table: Table; readonly written: boolean }[] {
  return [
    { file: 'validation_cells.csv', table: cellTable(cells), written: compared },
    { file: 'validation_layers.csv', table: curveTable(curves), written: compared },
    { file: 'validation_claims.csv', table: claimTable(claims), written: true },
  ];
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
    rows: claims.flatMap(({ text, published, verdict, quantity, cases }) => {
      // Where nothing is judged, the paper's own share stands beside nothing.
      const claim = [text, verdict === null ? null : published, verdict];
      return cases.length === 0
        ? [[...claim, null, null, quantity, null, null, null, 0, null]]
        : cases.map((own) => [
            ...[...claim, own.dataset, own.method || '-', quantity, own.value],
            ...[own.interval?.lower ?? null, own.interval?.upper ?? null, own.seeds, own.verdict],
          ]);
    }),
  };
}
