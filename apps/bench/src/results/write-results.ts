import { join } from 'node:path';
import { comparedSettings } from '../experiment/plan.ts';
import { runSettingId } from '../experiment/setting.ts';
import { writeWhole } from '@icl-gd/transformer/files';
import type { FinishedRun } from '../experiment/run.ts';
import type { TrialResult } from '../experiment/trial-result.ts';
import type { ForeignMetrics } from '../plugins/metric-file.ts';
import type { DemonstrationSet } from '../tasks/prompts/choose-demonstrations.ts';
import type { PreparedRun, Unavailable } from '../tasks/prompts/prepare-run.ts';
import { VERSION } from '../version.ts';
import { CsvFile, type Table, toCsv } from './csv.ts';
import {
  type MeasuredCell,
  type MeasuredNoise,
  type MeasuredRun,
  byRole,
  measureNoise,
  measureTrial,
  withOwnMetrics,
} from './measured.ts';
import { type MeasuredOutputs, measureOutputs } from './outputs.ts';
import { DEVELOPMENT_COLUMNS, developmentTables } from './development/development-tables.ts';
import { type MeasuredDevelopment, judgeDevelopment } from './development/measured-development.ts';
import { OPTIONAL_TABLES, type TrialTable, trialTables } from './rows.ts';
import { removeOwn, withHeader } from './stale.ts';
import { type TableDigests, differingTables, digestTables, recordedDigests } from './table-digests.ts';
import { removeValidation } from './validation/validation-files.ts';
import { matchPaper } from './published/paper-match.ts';
import { seedMeans } from './seed-means.ts';
import { publishedShown } from './shown.ts';
import { type TrainingRows, trainingRows, withTraining } from './training-rows.ts';
import { type MeasuredAttention, measureAttention } from './training-attention.ts';
import { comparisonTable, table1, table2, table3 } from './tables.ts';

/**
 * Writes every table, the prompts and the manifest. Rows go to the files trial by trial; of all trials only what summaries
 * need stays in memory. Nothing but `manifest.json` depends on when or how it was run.
 * @returns what was measured
 */
export async function writeResults(out: string, run: FinishedRun): Promise<MeasuredRun> {
  const { inputs, settings } = run;
  const { name } = inputs.model;
  const cells: MeasuredCell[] = [];
  const noise: MeasuredNoise[] = [];
  const outputs: MeasuredOutputs[] = [];
  const training: TrainingRows[] = [];
  const trainingAttention: MeasuredAttention[] = [];
  const statuses: unknown[] = [];
  const tables = trialTables({
    taskOptions: settings.datasets.reduce((most, { labelWords }) => Math.max(most, labelWords.length), 0),
    releasedNorms: settings.releasedNorms,
    noiseFloor: settings.noiseFloor,
    weightChanges: settings.weightChanges,
    gradientNorms: settings.gradientNorms,
    trainingAttention: settings.trainingAttention,
    metrics: run.metrics,
  });
  const earlier = [await digestTables(out), await recordedDigests(out)];
  await writeTrialTables(out, name, tables, run.trials(), (result) => {
    for (const cell of measureTrial(result)) cells.push(cell);
    for (const own of measureNoise(result)) noise.push(own);
    outputs.push(...measureOutputs(result));
    training.push(trainingRows(result));
    for (const own of measureAttention(result)) trainingAttention.push(own);
    for (const { id, record, learningRate } of result.methods) {
      const chosen =
        (learningRate ?? result.trial.learningRate) === result.trial.learningRate
          ? {}
          : { chosenRate: learningRate };
      statuses.push({ ...result.trial, ...chosen, method: id, status: record.status });
    }
  });
  await removeOthers(out, tables);
  const development = run.development && judgeDevelopment(run.development);
  await writeDevelopment(out, name, development);
  const measuredIds = new Set(cells.map(({ method }) => method));
  const compared = comparedSettings(settings)
    .map(runSettingId)
    .filter((id) => measuredIds.has(id));
  const measured: MeasuredRun = {
    ...{
      model: name,
      variants: run.variants,
      ...byRole(compared),
      cells,
      sizes: inputs.statistics,
      noise,
      outputs,
    },
    ...(trainingAttention.length > 0 ? { trainingAttention } : {}),
    ...withOwnMetrics(run.metrics),
    ...withTraining(training),
    ...(settings.margin === undefined ? {} : { margin: settings.margin }),
    ...(development ? { development } : {}),
    paper: matchPaper({
      model: { hub: run.hub, config: { ...inputs.model.config } },
      datasets: inputs.statistics,
      settings: { ...settings },
    }),
  };
  await writeSummaryTables(out, summaryTables(measured));
  await writeWhole(join(out, 'prompts.json'), toJson(run.prepared.map(promptEntry)));
  const digests = await digestTables(out);
  if (earlier.some((own) => own && differingTables(own, digests).length > 0)) await removeValidation(out);
  // Last: until then the one that is there says that tables are not its own.
  await writeWhole(join(out, 'manifest.json'), toJson(manifest(run, statuses, digests)));
  return measured;
}

const COMPARISON = 'comparison.csv';

/** Writes the tables in the paper's shape; comparison.csv of an earlier run goes where this one has nothing to compare. */
export async function writeSummaryTables(
  out: string,
  tables: Readonly<Record<string, Table>>,
): Promise<void> {
  for (const [file, table] of Object.entries(tables)) await writeWhole(join(out, file), toCsv(table));
  if (!Object.hasOwn(tables, COMPARISON))
    await removeOwn(join(out, COMPARISON), withHeader(comparisonTable([], new Map(), () => false).columns));
}

/** The tables in the paper's shape, and the published figures beside the measured ones where they may be compared. */
export function summaryTables(run: MeasuredRun): Readonly<Record<string, Table>> {
  const means = seedMeans(run.cells);
  return {
    'table1.csv': table1(means, run.variants),
    'table2.csv': table2(means, run.methods),
    'table3.csv': table3(run.sizes),
    ...(run.paper.datasets.size === 0
      ? {}
      : { [COMPARISON]: comparisonTable(means, run.sizes, publishedShown(run)) }),
  };
}

/** Writes what development data gave; files of an earlier run go where this one measured none. */
async function writeDevelopment(
  out: string,
  model: string,
  development: MeasuredDevelopment | undefined,
): Promise<void> {
  for (const [file, table] of Object.entries(development ? developmentTables(model, development) : {}))
    await writeWhole(join(out, file), toCsv(table));
  if (development) return;
  for (const [file, columns] of Object.entries(DEVELOPMENT_COLUMNS))
    await removeOwn(join(out, file), withHeader(columns));
}

/**
 * Writes rows of trials as they come, one trial in memory at a time. A number that is not finite leaves every file as it was.
 * @param visit sees each trial
 */
export async function writeTrialTables(
  out: string,
  model: string,
  tables: readonly TrialTable[],
  trials: AsyncIterable<TrialResult>,
  visit: (result: TrialResult) => void,
): Promise<void> {
  const files: CsvFile[] = [];
  try {
    for (const { file, columns } of tables) files.push(await CsvFile.create(join(out, file), columns));
    for await (const result of trials) {
      for (const [i, table] of tables.entries()) await files[i]?.add(table.rows(model, result));
      visit(result);
    }
    for (const file of files) await file.close();
  } catch (error) {
    await Promise.allSettled(files.map((file) => file.abandon()));
    throw error;
  }
}

/** An optional table of an earlier run in the same folder is none of this one. */
export async function removeOthers(out: string, written: readonly TrialTable[]): Promise<void> {
  const own = new Set(written.map(({ file }) => file));
  for (const { file, columns } of OPTIONAL_TABLES)
    if (!own.has(file)) await removeOwn(join(out, file), withHeader(columns));
}

function promptEntry(prepared: PreparedRun): unknown {
  return {
    dataset: prepared.dataset,
    seed: prepared.seed,
    permutation: prepared.permutation,
    train_rows: prepared.trainRows,
    fine_tuning_rows: prepared.fineTuningRows,
    validation_rows: prepared.validationRows,
    ...contextEntry(prepared),
    ...(prepared.chosen?.size ? { choices: Object.fromEntries([...prepared.chosen].map(choiceEntry)) } : {}),
  };
}

function contextEntry({ context }: Pick<PreparedRun, 'context'>): object {
  return { demonstrations_in_context: context.demonstrations, context_tokens: context.tokens };
}

function choiceEntry([id, own]: [string, DemonstrationSet | Unavailable]): [string, object] {
  if ('unavailable' in own) return [id, own];
  const rows = { train_rows: own.trainRows, fine_tuning_rows: own.fineTuningRows, ...contextEntry(own) };
  return [id, own.otherDataset === undefined ? rows : { dataset: own.otherDataset, ...rows }];
}

/** Everything needed to repeat the run. */
function manifest(run: FinishedRun, cells: readonly unknown[], tables: TableDigests): unknown {
  const { inputs, hub, settings, adapter, command, development } = run;
  const { foreignLearners, foreignMetrics = new Map(), foreignFamily } = run;
  const { model } = inputs;
  return {
    icl_gd: VERSION,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    written_at: new Date().toISOString(),
    ...(command ? { command } : {}),
    adapter,
    model: {
      name: model.name,
      hub,
      parameters: model.parameterCount,
      config: model.config,
      files: inputs.modelDigests,
    },
    datasets: Object.fromEntries(inputs.statistics),
    ...(foreignLearners.size === 0 ? {} : { learner_files: Object.fromEntries(foreignLearners) }),
    ...(foreignMetrics.size === 0 ? {} : { metric_files: describeMetrics(foreignMetrics) }),
    ...(foreignFamily ? { family_file: { path: foreignFamily.path, digest: foreignFamily.digest } } : {}),
    settings: {
      ...settings,
      datasets: settings.datasets.map(({ id }) => id),
      methods: settings.methods.map(runSettingId),
      controls: settings.controls.map(runSettingId),
    },
    ...(development ? { rates: development.rates } : {}),
    prompts: Object.fromEntries(
      settings.datasets.map(({ id, template, labelWords }) => [id, { template, label_words: labelWords }]),
    ),
    cells,
    tables,
  };
}

/** By id, with what tables and pages say of each, so that they can be read without the files. */
function describeMetrics(foreign: ForeignMetrics): unknown {
  return Object.fromEntries(
    [...foreign].map(([id, { metric, path, digest }]) => {
      const { label, formula, source, range, moreAlike, definedWhen, kind, of } = metric;
      const { order, learners } = { learners: undefined, ...metric };
      const described = {
        id,
        label,
        formula,
        source,
        range,
        moreAlike,
        definedWhen,
        order,
        kind,
        of,
        learners,
      };
      return [id, { path, digest, ...described }];
    }),
  );
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
