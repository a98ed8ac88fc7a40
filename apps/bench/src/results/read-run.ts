import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { MetricCatalogue } from '@icl-gd/metrics';
import { CELL, type CellDraft, CellDrafts } from './cell-drafts.ts';
import { readDevelopment } from './development/read-development.ts';
import { IndexedList, listIndex } from './indexed-list.ts';
import { type KnownMetrics, readKnownMetrics } from './known-metrics.ts';
import {
  type DatasetSize,
  type MeasuredNoise,
  type MeasuredRun,
  NO_METHOD,
  byRole,
  withOwnMetrics,
} from './measured.ts';
import { readOutputs } from './outputs-table.ts';
import { readMargin } from './read-margin.ts';
import { readSource } from './read-source.ts';
import { readTraining } from './read-training.ts';
import { withTraining } from './training-rows.ts';
import { readTrainingAttention } from './read-training-attention.ts';
import {
  amount,
  numberOrNull,
  optional,
  readOptionalTable,
  readTable,
  shareOrNull,
  text,
  whole,
} from './read-table.ts';

/**
 * Reads a run back from its tables.
 * @throws UserError if the folder does not hold the files of a finished run, naming file, line and column
 */
export async function readRun(folder: string): Promise<MeasuredRun> {
  const known = await readKnownMetrics(folder);
  const { model, drafts } = await readNumbers(folder, known);
  await readOrder(folder, drafts);
  const sizes = await readSizes(folder);
  await readSteps(folder, drafts);
  const scored = await readLayers(folder, drafts, known);
  await readExamples(folder, drafts, scored, known);
  const noise = await readNoise(folder, drafts, known);
  const outputs = await readOutputs(folder, drafts);
  const training = withTraining([await readTraining(folder, drafts)]);
  const trainingAttention = await readTrainingAttention(folder, drafts);
  const run = await toRun(folder, model, drafts, {
    sizes,
    noise,
    trainingAttention,
    metrics: known.catalogue,
  });
  const development = await readDevelopment(folder);
  return { ...run, ...(outputs ? { outputs } : {}), ...training, ...(development ? { development } : {}) };
}

/**
 * Reads what summary.csv and table3.csv have of a run, and from its manifest what it was of: cells without scores by
 * layer, examples and steps.
 * @throws UserError as {@link readRun}
 */
export async function readSummary(folder: string): Promise<MeasuredRun> {
  const known = await readKnownMetrics(folder);
  const { model, drafts } = await readNumbers(folder, known);
  const sizes = await readSizes(folder);
  return toRun(folder, model, drafts, { sizes, noise: [], metrics: known.catalogue });
}

async function toRun(
  folder: string,
  model: string,
  drafts: CellDrafts,
  {
    sizes,
    noise,
    trainingAttention = [],
    metrics,
  }: Pick<MeasuredRun, 'sizes' | 'noise' | 'trainingAttention'> & { readonly metrics: MetricCatalogue },
): Promise<MeasuredRun> {
  const cells = drafts.finish();
  const methods = new Set(cells.map(({ method }) => method));
  methods.delete(NO_METHOD);
  const variants = new Set(cells.map(({ variant }) => variant));
  const paper = await readSource(folder, model, sizes);
  return {
    ...{ model, cells, variants: [...variants], ...byRole(methods), sizes, noise, paper },
    ...(trainingAttention.length > 0 ? { trainingAttention } : {}),
    ...(await readMargin(folder)),
    ...withOwnMetrics(metrics),
  };
}

async function readNumbers(
  folder: string,
  known: KnownMetrics,
): Promise<{ model: string; drafts: CellDrafts }> {
  const drafts = new CellDrafts();
  let model: string | undefined;
  const columns = { model: text, ...CELL, metric: known.id, value: numberOrNull };
  for await (const row of readTable(folder, 'summary.csv', columns)) {
    const { metric, value } = row.values;
    model = row.values.model;
    known.requireRange(metric, value, () => row.place('value'));
    // A trial's accuracies and counts come last, and in the order of its methods.
    const { numbers } = drafts.moveLast(row);
    if (numbers.has(metric))
      throw new UserError(`${row.place('metric')} ${metric} is there twice for the same cell`);
    numbers.set(metric, value);
  }
  if (model === undefined)
    throw new UserError(`${join(folder, 'summary.csv')} has no rows: nothing was measured`);
  return { model, drafts };
}

/** cells.csv has every method of a trial in order, also one to which no metric applies. */
async function readOrder(folder: string, drafts: CellDrafts): Promise<void> {
  for await (const row of readOptionalTable(folder, 'cells.csv', CELL)) {
    if (!drafts.hasTrial(row)) drafts.of(row);
    drafts.moveLast(row);
  }
}

async function readSizes(folder: string): Promise<Map<string, DatasetSize>> {
  const sizes = new Map<string, DatasetSize>();
  const columns = { dataset: text, train: whole, validation: whole, average_tokens: amount };
  for await (const { values, place } of readTable(folder, 'table3.csv', columns)) {
    const { dataset, train, validation, average_tokens: averageTokens } = values;
    if (sizes.has(dataset)) throw new UserError(`${place('dataset')} ${dataset} is there twice`);
    sizes.set(dataset, { train, validation, averageTokens });
  }
  return sizes;
}

async function readSteps(folder: string, drafts: CellDrafts): Promise<void> {
  const columns = { ...CELL, step: listIndex, layer: listIndex, gradient_norm: amount };
  for await (const row of readTable(folder, 'training.csv', columns))
    put(drafts.of(row).gradientNorms, row.values, row.place);
  for await (const row of readOptionalTable(folder, 'training_released.csv', columns))
    put(drafts.of(row).releasedGradientNorms, row.values, row.place);
}

function put(
  steps: CellDraft['gradientNorms'],
  { step, layer, gradient_norm: norm }: Readonly<Record<'step' | 'layer' | 'gradient_norm', number>>,
  place: (column: string) => string,
): void {
  steps.take(step, () => new IndexedList('layer'), place).put(layer, norm, place);
}

/** @returns the metrics that there are */
async function readLayers(
  folder: string,
  drafts: CellDrafts,
  known: KnownMetrics,
): Promise<ReadonlySet<string>> {
  const scored = new Set<string>();
  const columns = {
    ...{ ...CELL, metric: known.id, layer: listIndex, value: numberOrNull },
    defined_share: optional(shareOrNull),
  };
  for await (const row of readTable(folder, 'layerwise.csv', columns)) {
    const { metric, layer, value, defined_share: share } = row.values;
    known.requireRange(metric, value, () => row.place('value'));
    const { layers, definedShares } = drafts.of(row);
    listOf(layers, metric).put(layer, value, row.place);
    if (share !== undefined) listOf(definedShares, metric).put(layer, share, row.place);
    scored.add(metric);
  }
  return scored;
}

function listOf(lists: Map<string, IndexedList<number | null>>, metric: string): IndexedList<number | null> {
  const own = lists.get(metric) ?? new IndexedList<number | null>('layer');
  lists.set(metric, own);
  return own;
}

/** A column for a metric that the run did not score by layer is not needed: it may be older than the metric. */
async function readExamples(
  folder: string,
  drafts: CellDrafts,
  scored: ReadonlySet<string>,
  known: KnownMetrics,
): Promise<void> {
  const scores = Object.fromEntries([...scored].map((metric) => [metric, numberOrNull]));
  let current: CellDraft | undefined;
  let seen = new Set<number>();
  for await (const row of readTable(folder, 'examples.csv', { ...scores, ...CELL, example: whole })) {
    const draft = drafts.of(row);
    // Rows of a cell stand together: one set is enough.
    if (draft !== current) [current, seen] = [draft, new Set(draft.exampleRows)];
    const { example } = row.values;
    if (seen.has(example)) throw new UserError(`${row.place('example')} ${example} is there twice`);
    seen.add(example);
    draft.exampleRows.push(example);
    const values: Readonly<Record<string, unknown>> = row.values;
    for (const metric of draft.layers.keys()) {
      const value = values[metric] as number | null;
      known.requireExampleRange(metric, value, () => row.place(metric));
      const own = draft.examples.get(metric);
      if (own) own.push(value ?? Number.NaN);
      else draft.examples.set(metric, [value ?? Number.NaN]);
    }
  }
}

async function readNoise(folder: string, drafts: CellDrafts, known: KnownMetrics): Promise<MeasuredNoise[]> {
  const noise: MeasuredNoise[] = [];
  const columns = {
    ...{ ...CELL, metric: known.id, perturbation: text },
    ...{ value: numberOrNull, example_change: numberOrNull },
  };
  for await (const row of readOptionalTable(folder, 'noise_floor.csv', columns)) {
    drafts.of(row);
    const { variant, dataset, method, metric, perturbation, value } = row.values;
    const { learning_rate: learningRate, example_change: exampleChange } = row.values;
    known.requireRange(metric, value, () => row.place('value'));
    if (exampleChange !== null && exampleChange < 0)
      throw new UserError(`${row.place('example_change')} ${exampleChange} is below 0`);
    noise.push({ variant, dataset, method, metric, perturbation, learningRate, value, exampleChange });
  }
  return noise;
}
