import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';

/** A cell of Table 1 or 2: mean ± sample standard deviation over three seeds of a score averaged over layers. */
export interface PublishedCell {
  readonly table: 1 | 2;
  /** simaou, simaou_norm, simam or simam_delta. */
  readonly metric: string;
  /** trained, trained-embeddings or untrained; always trained in Table 2. */
  readonly variant: string;
  /** GD or LCGD; always GD in Table 1. */
  readonly method: string;
  readonly dataset: string;
  readonly mean: number;
  readonly deviation: number;
}

/** Mean over the six datasets, as Table 2 prints it. */
interface PublishedAverage {
  readonly metric: string;
  readonly method: string;
  readonly mean: number;
}

const number = z.string().nonempty().transform(Number).pipe(z.number());
const numberList = z
  .string()
  .transform((list) => list.split(';').map(Number))
  .pipe(z.array(z.int()));

const cell = z.object({
  table: z.literal([1, 2]),
  metric: z.string(),
  variant: z.string(),
  method: z.string(),
  dataset: z.string(),
  mean: number,
  deviation: number,
});
const averageRow = z.object({ metric: z.string(), method: z.string(), average: number });
const datasetRow = z.object({
  dataset: z.string(),
  train: number,
  validation: number,
  average_tokens: number,
});
const hyperparameterRow = z.object({
  dataset: z.string(),
  k: number,
  learning_rate: number,
  seeds: numberList,
  permutations: numberList,
  classes: number,
});
const cellOfLayer = { dataset: z.string(), method: z.string(), k: number, seed: number, permutation: number };
const scoresOfLayer = { learning_rate: number, layer: number, simaou_random: number, simam_delta: number };
const trainedLayerRow = z.object({ ...cellOfLayer, ...scoresOfLayer, simaou_norm: number });
const untrainedLayerRow = z.object({
  ...cellOfLayer,
  ...scoresOfLayer,
  model_variant: z.string(),
  simaou: number,
});

/** A row of Table 3. */
type PublishedDataset = z.infer<typeof datasetRow>;
type PublishedHyperparameters = z.infer<typeof hyperparameterRow>;
/** A layer (from 0) of the trained model; SimAOU is the normalised one. */
type PublishedTrainedLayer = z.infer<typeof trainedLayerRow>;
/** A layer (from 0) of an untrained variant; SimAOU is the plain one. */
type PublishedUntrainedLayer = z.infer<typeof untrainedLayerRow>;

/** Tables 1 and 2 as one row a cell, in the order of the tables. */
export function readPublishedCells(): PublishedCell[] {
  return [
    ...readRows('table1').flatMap((row) => cellsOf(1, row, row['model_variant'], 'GD')),
    ...readRows('table2').flatMap((row) => cellsOf(2, row, 'trained', row['method'])),
  ];
}

export function readPublishedAverages(): PublishedAverage[] {
  return z
    .array(averageRow)
    .parse(readRows('table2'))
    .map(({ metric, method, average }) => ({ metric, method, mean: average }));
}

export function readPublishedDatasets(): PublishedDataset[] {
  return z.array(datasetRow).parse(readRows('table3'));
}

export function readPublishedHyperparameters(): PublishedHyperparameters[] {
  return z.array(hyperparameterRow).parse(readRows('hyperparameters'));
}

export function readPublishedLayers(): PublishedTrainedLayer[] {
  return z.array(trainedLayerRow).parse(readRows('layerwise'));
}

export function readPublishedUntrainedLayers(): PublishedUntrainedLayer[] {
  return z.array(untrainedLayerRow).parse(readRows('untrained_layerwise'));
}

function cellsOf(
  table: 1 | 2,
  row: Record<string, string>,
  variant: string | undefined,
  method: string | undefined,
): PublishedCell[] {
  const datasets = Object.keys(row).filter((column) => `${column}_std` in row);
  return datasets.map((dataset) =>
    cell.parse({
      table,
      metric: row['metric'],
      variant,
      method,
      dataset,
      mean: row[dataset],
      deviation: row[`${dataset}_std`],
    }),
  );
}

function readRows(name: string): Record<string, string>[] {
  const bytes = readFileSync(new URL(`../../../published/${name}.csv`, import.meta.url));
  return parse<Record<string, string>>(bytes, { columns: true });
}
