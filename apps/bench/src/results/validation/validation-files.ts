import { join } from 'node:path';
import type { Table } from '../csv.ts';
import { removeFigures, removeOwn, removePages, withHeader } from '../stale.ts';
import { cellTable } from './cells.ts';
import { claimTable } from './claim-table.ts';
import { curveTable } from './compare-curves.ts';
import { normRatioTable } from './norm-ratio-table.ts';
import type { Validation } from './summary.ts';

/** Removes all that `icl-gd validate` writes: it is of other tables than those that are there now. */
export async function removeValidation(out: string): Promise<void> {
  for (const { file, table } of validationTables(
    { cells: [], curves: [], claims: [], normRatios: [] },
    false,
  ))
    await removeOwn(join(out, file), withHeader(table.columns));
  await removePages(out);
  await removeFigures(out, []);
}

/** The tables behind the summary, and whether they are written: not where nothing may be compared. */
export function validationTables(
  {
    cells,
    curves,
    claims,
    normRatios,
    margin,
  }: Pick<Validation, 'cells' | 'curves' | 'claims' | 'normRatios'> & Partial<Pick<Validation, 'margin'>>,
  compared: boolean,
): { readonly file: string; readonly table: Table; readonly written: boolean }[] {
  return [
    { file: 'validation_cells.csv', table: cellTable(cells, margin), written: compared },
    { file: 'validation_layers.csv', table: curveTable(curves), written: compared },
    { file: 'validation_claims.csv', table: claimTable(claims), written: true },
    {
      file: 'validation_gradient_norms.csv',
      table: normRatioTable(normRatios),
      written: normRatios.length > 0,
    },
  ];
}
