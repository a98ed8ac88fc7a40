import { join } from 'node:path';
import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import type { ModelLocation } from '@icl-gd/transformer';
import { parse } from 'csv-parse/sync';
import type { RunSettings } from '../experiment/plan.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { RunInputs } from '../experiment/inputs.ts';
import type { FinishedGroup } from '../experiment/run.ts';
import { VERSION } from '../version.ts';
import { type Table, toCsv, writeWhole } from './csv.ts';
import {
  cellTable,
  exampleTable,
  intervalTable,
  layerwiseTable,
  noiseFloorTable,
  predictionTable,
  summaryTable,
  releasedTrainingTable,
  trainingTable,
} from './rows.ts';
import { comparisonTable, measureCells, table1, table2, table3 } from './tables.ts';

export interface Outputs {
  readonly inputs: RunInputs;
  /** Where the model was fetched from, if it was. */
  readonly hub: ModelLocation['hub'];
  readonly settings: RunSettings;
  readonly adapter: AdapterDescription;
  readonly finished: readonly FinishedGroup[];
}

/** Writes every table, the prompts and the manifest. Nothing but `manifest.json` depends on when or how it was run. */
export async function writeOutputs(
  out: string,
  { inputs, hub, settings, adapter, finished }: Outputs,
): Promise<void> {
  const { name } = inputs.model;
  const summary = summaryTable(name, finished);
  const cells = measureCells(parse(toCsv(summary), { columns: true }));
  const files: Readonly<Record<string, Table>> = {
    'layerwise.csv': layerwiseTable(name, finished),
    'summary.csv': summary,
    'intervals.csv': intervalTable(name, finished),
    'examples.csv': exampleTable(name, finished),
    'predictions.csv': predictionTable(name, finished),
    'training.csv': trainingTable(name, finished),
    ...(settings.releasedNorms ? { 'training_released.csv': releasedTrainingTable(name, finished) } : {}),
    ...(settings.noiseFloor ? { 'noise_floor.csv': noiseFloorTable(name, finished) } : {}),
    'cells.csv': cellTable(name, finished),
    'table1.csv': table1(cells, settings.variants),
    'table2.csv': table2(cells, settings.methods),
    'table3.csv': table3(inputs.statistics),
    'comparison.csv': comparisonTable(cells, inputs.statistics),
  };
  // First of all in memory: a number that is not finite stops here, with no file touched.
  const texts = Object.entries(files).map(([file, table]): [string, string] => [file, toCsv(table)]);
  for (const [file, text] of texts) await writeWhole(join(out, file), text);
  await writeWhole(join(out, 'prompts.json'), toJson(inputs.prepared.map(promptEntry)));
  await writeWhole(
    join(out, 'manifest.json'),
    toJson(manifest({ inputs, hub, settings, adapter, finished })),
  );
}

function promptEntry(prepared: PreparedRun): unknown {
  return {
    dataset: prepared.dataset,
    seed: prepared.seed,
    permutation: prepared.permutation,
    train_rows: prepared.trainRows,
    fine_tuning_rows: prepared.fineTuningRows,
    validation_rows: prepared.validationRows,
    demonstrations_in_context: prepared.context.demonstrations,
    context_tokens: prepared.context.tokens,
  };
}

/** Everything needed to repeat the run. */
function manifest({ inputs, hub, settings, adapter, finished }: Outputs): unknown {
  const { model } = inputs;
  return {
    icl_gd: VERSION,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    written_at: new Date().toISOString(),
    adapter,
    model: {
      name: model.name,
      hub,
      parameters: model.parameterCount,
      config: model.config,
      files: inputs.modelDigests,
    },
    datasets: Object.fromEntries(inputs.statistics),
    settings: { ...settings, datasets: settings.datasets.map(({ id }) => id) },
    prompts: Object.fromEntries(
      settings.datasets.map(({ id, template, labelWords }) => [id, { template, label_words: labelWords }]),
    ),
    cells: finished.flatMap(({ group, record }) =>
      group.methods.map((method) => ({
        ...group,
        methods: undefined,
        method,
        status: record.methods[method]?.status,
      })),
    ),
  };
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
