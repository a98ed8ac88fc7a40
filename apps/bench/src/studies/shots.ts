import { inContext, zeroShot } from '@icl-gd/methods';
import { mean } from '@icl-gd/metrics';
import { UserError } from '@icl-gd/transformer';
import type { ModelVariant } from '@icl-gd/transformer';
import type { Progress } from '../experiment/progress.ts';
import { selections } from '../experiment/plan.ts';
import { type RunSetting, runSetting } from '../experiment/setting.ts';
import type { Table } from '../results/csv.ts';
import { lineChartSvg } from '../results/plots/line-chart.ts';
import type { Dataset } from '../tasks/dataset.ts';
import { type PreparedRun, demonstrationsOf, fewerRows } from '../tasks/prompts/prepare-run.ts';
import type { Task } from '../tasks/task.ts';
import { answer, requireAccuracy } from './accuracies.ts';
import { counted } from '../terminal/words.ts';
import type { DemonstrationChoice } from '../tasks/prompts/demonstration-choice.ts';
import type { Labelling } from '../tasks/prompts/labels.ts';
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
  const cells: ShotsCell[] = [];
  for (const task of settings.datasets) {
    const dataset = await readStudyData(request, task);
    const fewer = fewerRows(task.id, Math.max(...request.shots), dataset.train.length);
    if (fewer !== undefined) request.observer?.warn?.(fewer);
    for (const selection of selections(task, settings))
      cells.push(...prepareCells(request, inputs, task, dataset, selection));
  }
  const questions = settings.variants.flatMap((variant) =>
    cells.map(({ prepared, setting, ...cell }) => ({
      ...{ variant, cell, prepared, setting, learningRate: null },
      name: `${variant} ${cell.dataset} seed ${cell.seed}, ${counted(cell.shots, 'shot')}`,
    })),
  );
  const answers = await answer(request, inputs, questions, progress);
  return questions.map(({ variant, cell, name }, i) => ({
    ...{ variant, ...cell },
    accuracy: requireAccuracy(answers[i], name),
  }));
}

/** What is asked of each variant. */
interface ShotsCell extends Omit<ShotsRow, 'variant' | 'accuracy'> {
  readonly prepared: PreparedRun;
  readonly setting: RunSetting;
}

function prepareCells(
  request: ShotsRequest,
  inputs: StudyInputs,
  task: Task,
  dataset: Dataset,
  selection: { readonly seed: number; readonly permutation: number },
): ShotsCell[] {
  const { labellings, settings } = request;
  const byShots = request.shots.map((shots) => {
    const prepared = prepareStudy(request, inputs, task, dataset, {
      ...{ ...selection, shots: Math.max(1, shots), examples: settings.examples },
      choices: labellings.map(choiceOf),
    });
    return { shots, prepared };
  });
  return labellings.flatMap((labels) => {
    // Without demonstrations there are no labels to change.
    const own = byShots.filter(({ shots }) => shots > 0 || labels === labellings[0]);
    return own.map(({ shots, prepared }) => ({
      ...{ dataset: task.id, ...selection, labels, shots, prepared },
      used: shots === 0 ? 0 : usedOf(prepared, choiceOf(labels)),
      setting:
        shots === 0 ? runSetting(zeroShot) : { ...runSetting(inContext), demonstrations: choiceOf(labels) },
      ...{ examples: prepared.queries.length, chance: 1 / task.classes.length },
    }));
  });
}

/** As of the settings of a run: `--labels wrong` is `ICL[labels=wrong]`. */
function choiceOf(labels: Labelling): DemonstrationChoice {
  return labels === 'gold' ? {} : { labels };
}

/** @throws UserError if the demonstrations do not fit */
function usedOf(prepared: PreparedRun, choice: DemonstrationChoice): number {
  const given = demonstrationsOf(prepared, choice);
  if ('unavailable' in given) throw new UserError(given.unavailable);
  return given.context.demonstrations;
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
