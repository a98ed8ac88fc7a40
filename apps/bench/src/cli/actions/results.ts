import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { beginWriting } from '../../experiment/inputs.ts';
import { renderSummary } from '../../results/print-summary.ts';
import { HEADLINES, findProbeRuns, withHeadline } from '../../results/probe-runs.ts';
import { readRun, readSummary } from '../../results/read-run.ts';
import { changedTables } from '../../results/table-digests.ts';
import { summaryTables, writeSummaryTables } from '../../results/write-results.ts';
import { choose, positiveNumber } from '../choose.ts';
import type { RawResultsOptions } from '../raw-options.ts';
import { doing } from '../../terminal/heartbeat.ts';
import { fromWhereTyped } from '../../terminal/place-typed.ts';
import { print, warn } from '../../terminal/print.ts';
import { listed } from '../../terminal/words.ts';

/**
 * Writes table1.csv, table2.csv and comparison.csv of a run anew from its summary.csv, table3.csv and
 * manifest.json, and prints them.
 *
 * @throws UserError if `--from` is missing or is no run
 */
export async function rebuildTables(options: RawResultsOptions): Promise<void> {
  const from = requireFrom(options);
  const run = await readSummary(from);
  await warnOfChanges(from);
  await beginWriting(from, '--from');
  const { 'table3.csv': _read, ...tables } = summaryTables(run);
  await writeSummaryTables(from, tables);
  print(renderSummary(run));
}

/**
 * Compares a run with the published figures and its settings with ICL, writes the page and prints the comparison.
 *
 * @throws UserError if `--from` is missing or is no run, `--headline` was not probed, or `--out` cannot be written
 */
export async function validateRun(options: RawResultsOptions): Promise<void> {
  const from = requireFrom(options);
  const { out = from } = options;
  const margin = options.margin === undefined ? undefined : positiveNumber('--margin', options.margin);
  const headline =
    options.headline === undefined ? undefined : choose('--headline', options.headline, HEADLINES);
  if (out === '') throw new UserError('--out is empty; without it the folder of --from is taken');
  const found = withHeadline(await findProbeRuns(from), headline);
  await beginWriting(out, options.out === undefined ? '--from' : '--out');
  // Loaded here, since `tables` draws nothing.
  const { renderValidation } = await import('../../results/validation/render.ts');
  const { validate, writeValidation } = await import('../../results/validation/validate.ts');
  const { readProvenance } = await import('../../results/validation/provenance.ts');
  const { UNKNOWN_PROBE } = await import('../../results/validation/likeness/likeness.ts');
  doing({ text: 'comparing with the published figures' });
  const folders = found.length === 0 ? [{ probe: UNKNOWN_PROBE, folder: from }] : found;
  const probes = [];
  const provenance = [];
  for (const { probe, folder } of folders) {
    probes.push({ probe, run: await readRun(folder) });
    provenance.push(await readProvenance(folder));
  }
  // The published figures are of this token.
  const { run } = probes.find(({ probe }) => probe === 'label') ?? (probes[0] as (typeof probes)[number]);
  const validation = validate(run, {
    margin,
    probes,
    provenance: provenance.filter((own) => own !== undefined),
  });
  for (const { folder } of folders) await warnOfChanges(folder);
  await writeValidation(out, validation);
  print(renderValidation(validation));
  print(`summary: ${fromWhereTyped(join(out, 'summary.html'))}`);
}

async function warnOfChanges(from: string): Promise<void> {
  const changed = await changedTables(from);
  if (changed.length > 0)
    warn(
      `${listed(changed)} in ${from}: not as a finished run wrote ${changed.length === 1 ? 'it' : 'them'}, but changed since or of a run that was stopped while it wrote; the same \`icl-gd run\` writes all tables`,
    );
}

// Checked here and not by the parser, so that a mistyped option is named first.
function requireFrom({ from }: RawResultsOptions): string {
  if (!from) throw new UserError('--from is missing: the --out folder of a finished run');
  return from;
}
