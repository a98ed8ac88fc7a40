import { inContext, zeroShot } from '@icl-gd/methods';
import { mean } from '@icl-gd/metrics';
import type { ModelVariant } from '@icl-gd/transformer';
import type { Progress } from '../experiment/progress.ts';
import { selections } from '../experiment/plan.ts';
import { runSetting } from '../experiment/setting.ts';
import type { Table } from '../results/csv.ts';
import { lineChartSvg } from '../results/plots/line-chart.ts';
import type { Dataset } from '../tasks/dataset.ts';
import { type PreparedRun, fewerRows } from '../tasks/prompts/prepare-run.ts';
import type { Task } from '../tasks/task.ts';
import { answer, requireAccuracy } from './accuracies.ts';
import { counted } from '../terminal/words.ts';
import { type Labelling, relabel } from '../tasks/prompts/labels.ts';
import {
  type StudyInputs,
  type StudyRequest,
  prepareStudy,
  readStudyData,
  readStudyInputs,
} from './study.ts';

export interface ShotsRequest extends StudyRequest {
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
  /** As asked for. */
  readonly shots: number;
  /** Demonstrations that there are and that the context window had room for. */
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
  const inputs = await readStudyInputs(request, request.observer);
  const cells: (Omit<ShotsRow, 'variant' | 'accuracy'> & { prepared: PreparedRun })[] = [];
  for (const task of settings.datasets) {
    const dataset = await readStudyData(request, task);
    const fewer = fewerRows(task.id, Math.max(...request.shots), dataset.train.length);
    if (fewer !== undefined) request.observer?.warn?.(fewer);
    for (const selection of selections(task, settings))
      cells.push(...prepareCells(request, inputs, task, dataset, selection));
  }
  const questions = settings.variants.flatMap((variant) =>
    cells.map(({ prepared, ...cell }) => ({
      ...{ variant, cell, prepared, learningRate: null },
      setting: runSetting(cell.shots === 0 ? zeroShot : inContext),
      name: `${variant} ${cell.dataset} seed ${cell.seed}, ${counted(cell.shots, 'shot')}`,
    })),
  );
  const answers = await answer(request, inputs, questions, progress);
  return questions.map(({ variant, cell, name }, i) => ({
    ...{ variant, ...cell },
    accuracy: requireAccuracy(answers[i], name),
  }));
}

function prepareCells(
  request: ShotsRequest,
  inputs: StudyInputs,
  task: Task,
  dataset: Dataset,
  selection: { readonly seed: number; readonly permutation: number },
): (Omit<ShotsRow, 'variant' | 'accuracy'> & { prepared: PreparedRun })[] {
  const { examples } = request.settings;
  const classes = task.classes.length;
  return request.labellings.flatMap((labels) => {
    const train = relabel(dataset.train, classes, labels, selection.seed);
    // Without demonstrations there are no labels to change.
    const numbers = request.shots.filter((shots) => shots > 0 || labels === request.labellings[0]);
    return numbers.map((shots) => {
      const choice = { ...selection, shots: Math.max(1, shots), examples };
      const prepared = prepareStudy(request, inputs, task, { ...dataset, train }, choice);
      const used = shots === 0 ? 0 : prepared.context.demonstrations;
      return {
        ...{ dataset: task.id, ...selection, labels, shots, used, prepared },
        ...{ examples: prepared.queries.length, chance: 1 / classes },
      };
    });
  });
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

/**
 * For each number that was asked for, how many demonstrations were used: `5`, or `5–7` where datasets, seeds or labels
 * differ.
 */
export function usedShots(rows: readonly ShotsRow[], numbers: readonly number[]): string[] {
  return numbers.map((shots) => {
    const used = rows.filter((row) => row.shots === shots).map((row) => row.used);
    const [least, most] = [Math.min(...used), Math.max(...used)];
    return least === most ? `${least}` : `${least}–${most}`;
  });
}

/** Stands where the demonstrations that were used stand, not those that were asked for. */
export function shotsPicture(model: string, rows: readonly ShotsRow[]): string {
  const all = rows.every(({ shots, used }) => used === shots);
  const usedOf = (shots: number): number =>
    mean(rows.filter((row) => row.shots === shots).map(({ used }) => used)) as number;
  const used = rows.map(({ shots }) => usedOf(shots)).toSorted((a, b) => a - b);
  const chance = mean([...new Map(rows.map((row) => [row.dataset, row.chance])).values()]) as number;
  return lineChartSvg({
    title: `In-context learning of ${model}: mean over datasets and seeds`,
    xLabel: all ? 'demonstrations' : 'demonstrations used (mean)',
    yLabel: 'accuracy',
    series: [
      ...shotsCurves(rows).map(({ name, points }) => ({
        name,
        // Numbers beyond what there is come to the same.
        points: [...new Map(points.map(([k, accuracy]) => [usedOf(k), accuracy]))],
      })),
      {
        name: 'chance',
        points: [
          [used[0] ?? 0, chance],
          [used.at(-1) ?? 0, chance],
        ],
        dashed: true,
        color: '#777777',
      },
    ],
  });
}
