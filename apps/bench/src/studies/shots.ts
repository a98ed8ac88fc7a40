import { inContext, zeroShot } from '@icl-gd/methods';
import { mean } from '@icl-gd/metrics';
import type { DownloadObserver, ModelLocation, ModelVariant } from '@icl-gd/transformer';
import type { Table } from '../results/csv.ts';
import { type RunSettings, selections } from '../experiment/plan.ts';
import { lineChartSvg } from '../results/plots/line-chart.ts';
import { type PreparedRun, prepareRun } from '../tasks/prompts/prepare-run.ts';
import type { Progress } from '../experiment/progress.ts';
import { readDataset } from '../tasks/dataset.ts';
import { type Labelling, relabel } from './labels.ts';
import { shotsInWords } from '../terminal/words.ts';
import { forEachVariant, learnerAccuracy, readStudyInputs } from './study.ts';

export interface ShotsRequest {
  readonly model: ModelLocation;
  /** Folder of the datasets, or `hub`. */
  readonly data: string | undefined;
  readonly observer?: DownloadObserver;
  readonly settings: RunSettings;
  readonly adapter: string;
  readonly tokenBudget?: number;
  /** Numbers of demonstrations; 0 is zero-shot. */
  readonly shots: readonly number[];
  readonly labellings: readonly Labelling[];
}

export interface ShotsRow {
  readonly variant: ModelVariant;
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  readonly labels: Labelling;
  readonly shots: number;
  /** Demonstrations that the context window had room for. */
  readonly used: number;
  readonly examples: number;
  readonly accuracy: number;
  /** Accuracy of guessing: one over the number of classes. */
  readonly chance: number;
}

/**
 * In-context accuracy by number of demonstrations.
 * @throws UserError if model, tokenizer or data do not fit
 */
export async function measureShots(request: ShotsRequest, progress: Progress): Promise<ShotsRow[]> {
  const { settings } = request;
  const inputs = await readStudyInputs(request.model);
  const cells: (Omit<ShotsRow, 'variant' | 'accuracy'> & { prepared: PreparedRun })[] = [];
  for (const task of settings.datasets) {
    const dataset = await readDataset(request.data, task, request.observer);
    const classes = task.classes.length;
    for (const selection of selections(task, settings)) {
      for (const labels of request.labellings) {
        const train = relabel(dataset.train, classes, labels, selection.seed);
        for (const shots of request.shots) {
          if (shots === 0 && labels !== request.labellings[0]) continue;
          const prepared = prepareRun(task, { ...dataset, train }, inputs.tokenizer, inputs.limits, {
            ...selection,
            shots: Math.max(1, shots),
            examples: settings.examples,
          });
          const used = shots === 0 ? 0 : prepared.context.demonstrations;
          const examples = prepared.queries.length;
          cells.push({
            dataset: task.id,
            seed: selection.seed,
            permutation: selection.permutation,
            labels,
            shots,
            used,
            examples,
            chance: 1 / classes,
            prepared,
          });
        }
      }
    }
  }
  const rows: ShotsRow[] = [];
  const total = cells.length * settings.variants.length;
  progress.start(total);
  await forEachVariant(
    inputs,
    settings.variants,
    { adapter: request.adapter, initSeed: settings.initSeed },
    progress,
    async (model, variant) => {
      for (const { prepared, ...cell } of cells) {
        const place = `[${rows.length + 1}/${total}] ${variant} ${cell.dataset} seed ${cell.seed}, ${shotsInWords(cell.shots)}`;
        progress.advance(0, place);
        const learner = cell.shots === 0 ? zeroShot : inContext;
        const { tokenBudget } = request;
        const accuracy = await learnerAccuracy(model, learner, prepared, tokenBudget ? { tokenBudget } : {});
        rows.push({ variant, ...cell, accuracy: accuracy as number });
        progress.advance(1, place);
      }
    },
  );
  return rows;
}

export function shotsTable(model: string, rows: readonly ShotsRow[]): Table {
  return {
    columns: [
      'model',
      'variant',
      'dataset',
      'seed',
      'permutation',
      'labels',
      'shots',
      'used',
      'examples',
      'accuracy',
      'chance',
    ],
    rows: rows.map((row) => [
      model,
      row.variant,
      row.dataset,
      row.seed,
      row.permutation,
      row.labels,
      row.shots,
      row.used,
      row.examples,
      row.accuracy,
      row.chance,
    ]),
  };
}

/** Mean accuracy over datasets and seeds by number of demonstrations; one line for each variant and labelling. */
export function shotsCurves(rows: readonly ShotsRow[]): { name: string; points: [number, number][] }[] {
  const shots = [...new Set(rows.map((row) => row.shots))].toSorted((a, b) => a - b);
  const lines = new Map(rows.map((row) => [`${row.variant}, ${row.labels} labels`, row]));
  return [...lines].map(([name, { variant, labels }]) => ({
    name,
    points: shots.flatMap((k): [number, number][] => {
      // Without demonstrations there are no labels to change.
      const own = rows.filter(
        (row) => row.variant === variant && row.shots === k && (k === 0 || row.labels === labels),
      );
      return own.length === 0 ? [] : [[k, mean(own.map((row) => row.accuracy)) as number]];
    }),
  }));
}

export function shotsPicture(model: string, rows: readonly ShotsRow[]): string {
  const shots = rows.map((row) => row.shots).toSorted((a, b) => a - b);
  const chance = mean([...new Map(rows.map((row) => [row.dataset, row.chance])).values()]) as number;
  return lineChartSvg({
    title: `In-context learning of ${model}: mean over datasets and seeds`,
    xLabel: 'demonstrations',
    yLabel: 'accuracy',
    series: [
      ...shotsCurves(rows),
      {
        name: 'chance',
        points: [
          [shots[0] ?? 0, chance],
          [shots.at(-1) ?? 0, chance],
        ],
        dashed: true,
        color: '#777777',
      },
    ],
  });
}
