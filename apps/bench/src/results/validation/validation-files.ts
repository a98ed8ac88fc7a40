import { join } from 'node:path';
import type { Table } from '../csv.ts';
import { removeFigures, removeOwn, removePages, withHeader } from '../stale.ts';
import { cellTable } from './cells.ts';
import { claimTable } from './claim-table.ts';
import { curveTable } from './compare-curves.ts';
import { behaviourTable } from './likeness/behaviour.ts';
import { contrastTable } from './likeness/contrasts.ts';
import { ladderTable } from './likeness/ladder.ts';
import { layerTable } from './likeness/layers.ts';
import { normRatioTable } from './norm-ratio-table.ts';
import { factorialOf, factorialTable } from './sections/precision.ts';
import type { Validation } from './validation.ts';

const NOTHING = { cells: [], curves: [], claims: [], normRatios: [], likeness: [] };

/** Removes all that `icl-gd validate` writes: it is of other tables than those that are there now. */
export async function removeValidation(out: string): Promise<void> {
  for (const { file, table } of validationTables(NOTHING, false))
    await removeOwn(join(out, file), withHeader(table.columns));
  await removePages(out);
  await removeFigures(out, []);
}

type Tabled = Pick<Validation, 'cells' | 'curves' | 'claims' | 'normRatios' | 'likeness'> &
  Partial<Pick<Validation, 'margin' | 'training'>>;

/** The tables behind the page, and whether they are written: not where nothing may be compared, or nothing was measured. */
export function validationTables(
  { cells, curves, claims, normRatios, margin, likeness, training }: Tabled,
  compared: boolean,
): { readonly file: string; readonly table: Table; readonly written: boolean }[] {
  const definitions = factorialOf(training?.gradientNorms ?? []);
  const filled = (file: string, table: Table) => ({ file, table, written: table.rows.length > 0 });
  return [
    filled('ladder.csv', ladderTable(likeness)),
    filled('contrasts.csv', contrastTable(likeness)),
    filled('layer_contrasts.csv', layerTable(likeness)),
    filled('behaviour.csv', behaviourTable(likeness)),
    { file: 'validation_cells.csv', table: cellTable(cells, margin), written: compared },
    { file: 'validation_layers.csv', table: curveTable(curves), written: compared },
    { file: 'validation_claims.csv', table: claimTable(claims), written: true },
    filled('validation_gradient_norms.csv', normRatioTable(normRatios)),
    filled('gradient_norm_definitions.csv', factorialTable(definitions)),
  ];
}
