import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { CellDrafts } from './cell-drafts.ts';
import { CELL as KEY } from './cell-drafts.ts';
import {
  type MeasuredOutputs,
  OUTPUT_MEASURES,
  OUTPUT_RANGES,
  type OutputMeasures,
  ZERO_SHOT,
  measureOutputs,
} from './outputs.ts';
import { type Column, between, readOptionalTable } from './read-table.ts';
import { CELL, type TrialTable, cell } from './trial-table.ts';

/** What each setting puts out, compared with ICL: one column a measure. */
export const outputsTable: TrialTable = {
  file: 'outputs.csv',
  columns: [...CELL, ...OUTPUT_MEASURES],
  rows: (model, result) =>
    measureOutputs(result).map(({ method, measures }) => [
      ...cell(model, result, method),
      ...OUTPUT_MEASURES.map((measure) => measures[measure]),
    ]),
};

/**
 * Reads outputs.csv of a folder of results.
 * @param drafts cells that its methods must be among
 * @returns undefined where there is no such file: runs of earlier versions have none
 * @throws UserError naming file, line and column
 */
export async function readOutputs(
  folder: string,
  drafts: CellDrafts,
): Promise<MeasuredOutputs[] | undefined> {
  const measures = Object.fromEntries(
    OUTPUT_MEASURES.map((measure) => [measure, between(...OUTPUT_RANGES[measure])]),
  ) as Record<keyof OutputMeasures, Column<number | null>>;
  const seen = new Set<string>();
  let outputs: MeasuredOutputs[] | undefined;
  for await (const { values, place } of readOptionalTable(folder, outputsTable.file, {
    ...KEY,
    ...measures,
  })) {
    const { variant, dataset, method, seed, permutation, learning_rate: learningRate } = values;
    if (method !== ZERO_SHOT) drafts.of({ values, place });
    const key = JSON.stringify([variant, dataset, method, seed, permutation, learningRate]);
    if (seen.has(key)) throw new UserError(`${place('method')} ${method} is there twice in the same trial`);
    seen.add(key);
    const own = Object.fromEntries(OUTPUT_MEASURES.map((measure) => [measure, values[measure]]));
    requireInterval(own as unknown as OutputMeasures, place);
    (outputs ??= []).push({
      ...{ variant, dataset, method, seed, permutation, learningRate },
      measures: own as unknown as OutputMeasures,
    });
  }
  return outputs;
}

function requireInterval(measures: OutputMeasures, place: (column: string) => string): void {
  const { rec2ftp_lower_95: lower, rec2ftp_upper_95: upper } = measures;
  if ((lower === null) !== (upper === null) || (lower !== null && upper !== null && lower > upper))
    throw new UserError(
      `${place('rec2ftp_lower_95')} ${lower ?? 'nothing'} to ${upper ?? 'nothing'} is no interval`,
    );
}
