import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { TrialResult } from '../experiment/trial-result.ts';
import { type MeasuredRun, byRole, measureTrial, withOwnMetrics } from './measured.ts';
import { trialTables } from './rows.ts';
import { summaryTables, writeSummaryTables, writeTrialTables } from './write-results.ts';

/**
 * Refuses the folder of a run: its tables are of what it computed.
 * @throws UserError if there is one
 */
export function requireNoRun(out: string): void {
  if (existsSync(join(out, 'manifest.json')))
    throw new UserError(`--out ${out} holds the tables of a run (manifest.json): give another folder`);
}

/** What recordings of one model gave, as a run has it. @param results in the order of the tables */
export function measureScores(model: string, results: readonly TrialResult[]): MeasuredRun {
  return {
    model,
    variants: [...new Set(results.map(({ trial }) => trial.variant))],
    ...byRole(new Set(results.flatMap(({ methods }) => methods.map(({ id }) => id)))),
    cells: results.flatMap(measureTrial),
    sizes: new Map(),
    noise: [],
    paper: { datasets: new Set(), notice: '' },
    ...withOwnMetrics(results[0]?.metrics),
  };
}

/**
 * Writes the tables of a run: those by trial and those of the paper's shape, with the same columns. What was not recorded has
 * no rows.
 * @param run what {@link measureScores} made of the results
 */
export async function writeScores(
  out: string,
  run: MeasuredRun,
  results: readonly TrialResult[],
): Promise<void> {
  const tables = trialTables({
    taskOptions: mostOptions(results),
    releasedNorms: false,
    noiseFloor: false,
    metrics: run.metrics,
  });
  await writeTrialTables(out, run.model, tables, inTurn(results), () => {});
  await writeSummaryTables(out, summaryTables(run));
}

async function* inTurn(results: readonly TrialResult[]): AsyncGenerator<TrialResult> {
  yield* results;
}

function mostOptions(results: readonly TrialResult[]): number {
  const settings = results.flatMap(({ baselines, methods }) => [
    ...(baselines ? [baselines.zeroShot, baselines.inContext] : []),
    ...methods.map(({ record }) => record),
  ]);
  return settings.reduce(
    (most, own) =>
      own.status === 'finished' ? Math.max(most, own.predictions[0]?.optionLogProbs.length ?? 0) : most,
    0,
  );
}
