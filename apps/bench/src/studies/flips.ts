import { inContext, needsOf, takesRate, trainingKindOf, zeroShot } from '@icl-gd/methods';
import { mean } from '@icl-gd/metrics';
import { UserError } from '@icl-gd/transformer';
import type { Progress } from '../experiment/progress.ts';
import { selections } from '../experiment/plan.ts';
import {
  type RunSetting,
  choicesAmong,
  demonstrationsFor,
  runSetting,
  runSettingId,
} from '../experiment/setting.ts';
import type { Table } from '../results/csv.ts';
import { lineChartSvg } from '../results/plots/line-chart.ts';
import { type PreparedRun, fewerRows } from '../tasks/prompts/prepare-run.ts';
import type { Task } from '../tasks/task.ts';
import { type AccuracyQuestion, answer, requireAccuracy, requireNoRule } from './accuracies.ts';
import { flipLabels, flippedRows } from './flip-labels.ts';
import {
  type StudyInputs,
  type StudyRequest,
  prepareStudy,
  readStudyData,
  readStudyInputs,
} from './study.ts';

export interface FlipsRequest extends StudyRequest {
  /** Shares of the demonstrations whose labels are flipped, 0 to 1. */
  readonly shares: readonly number[];
}

/** Accuracy of a setting whose demonstrations have some labels flipped. */
export interface FlipsRow {
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  /** `ICL`, or a learner with its options. */
  readonly method: string;
  /** Null where it takes none. */
  readonly learningRate: number | null;
  /** As asked for. */
  readonly share: number;
  /** Demonstrations that it was given, and how many of these have a flipped label. */
  readonly used: number;
  readonly flipped: number;
  readonly examples: number;
  /** Absent where training diverged. */
  readonly accuracy: number | undefined;
  readonly zeroShot: number;
  /** Accuracy of guessing: one over the number of classes. */
  readonly chance: number;
}

/**
 * @throws UserError for learners that choose demonstrations of their own, since here all are given the same, that have a rule
 *   for their rate, or that predict nothing
 */
export function requireFlippable(methods: readonly RunSetting[]): void {
  const other = methods.find((setting) => choicesAmong([setting]).length > 0);
  if (other)
    throw new UserError(
      `--methods: ${runSettingId(other)} has demonstrations of its own; every method is given those with flipped labels`,
    );
  requireNoRule(methods);
  const direction = methods.find((setting) => trainingKindOf(setting)?.direction);
  if (direction)
    throw new UserError(
      `--methods: ${runSettingId(direction)} gives a direction: it predicts nothing, and has no accuracy`,
    );
}

interface FlippedRun {
  readonly prepared: PreparedRun;
  readonly task: Task;
  readonly share: number;
  readonly flipped: ReadonlySet<number>;
}

/**
 * Accuracies of in-context learning and of learners by the share of their demonstrations whose label is replaced by another
 * class: how much does each depend on what the labels say?
 * @throws UserError if model, tokenizer or data do not fit
 */
export async function measureFlips(request: FlipsRequest, progress: Progress): Promise<FlipsRow[]> {
  const { settings } = request;
  const inputs = await readStudyInputs(request, request.observer);
  const runs: FlippedRun[] = [];
  for (const task of settings.datasets) runs.push(...(await prepareFlips(request, inputs, task)));
  const compared = [runSetting(inContext), ...settings.methods];
  const asked = runs.flatMap((run) => compared.map((setting) => ({ run, setting })));
  const questions = asked.map(({ run: { prepared, task, share }, setting }): AccuracyQuestion => ({
    ...{ variant: 'trained', prepared, setting },
    learningRate: takesRate(setting) ? (settings.learningRate ?? task.defaults.learningRate) : null,
    name: `${prepared.dataset} seed ${prepared.seed} ${runSettingId(setting)}, ${share} flipped`,
  }));
  const baselines = runs.map(({ prepared }): AccuracyQuestion => ({
    ...{ variant: 'trained', prepared, setting: runSetting(zeroShot), learningRate: null },
    name: `${prepared.dataset} seed ${prepared.seed} ZSL`,
  }));
  const answers = await answer(request, inputs, [...baselines, ...questions], progress);
  const base = new Map(
    baselines.map(({ prepared, name }, i) => [prepared, requireAccuracy(answers[i], name)]),
  );
  return asked.map(({ run, setting }, i) => {
    const { prepared, task, share } = run;
    const rows = rowsOf(setting, prepared);
    return {
      ...{ dataset: prepared.dataset, seed: prepared.seed, permutation: prepared.permutation },
      ...{
        method: runSettingId(setting),
        learningRate: (questions[i] as AccuracyQuestion).learningRate,
        share,
      },
      ...{ used: rows.length, flipped: rows.filter((row) => run.flipped.has(row)).length },
      examples: prepared.queries.length,
      accuracy: answers[runs.length + i],
      zeroShot: base.get(prepared) as number,
      chance: 1 / task.classes.length,
    };
  });
}

async function prepareFlips(request: FlipsRequest, inputs: StudyInputs, task: Task): Promise<FlippedRun[]> {
  const { settings, shares } = request;
  const dataset = await readStudyData(request, task);
  const { examples, fineTuningOrder, matchedDemonstrations = false } = settings;
  const shots = settings.shots ?? task.defaults.shots;
  const fewer = fewerRows(task.id, shots, dataset.train.length);
  if (fewer !== undefined) request.observer?.warn?.(fewer);
  return selections(task, settings).flatMap((selection) => {
    const choice = { ...selection, shots, examples, fineTuningOrder, matchedDemonstrations };
    const prepare = (train: typeof dataset.train): PreparedRun =>
      prepareStudy(request, inputs, task, { ...dataset, train }, choice);
    // Which rows are demonstrations does not depend on their labels.
    const { trainRows } = prepare(dataset.train);
    return shares.map((share): FlippedRun => {
      const { seed } = selection;
      const flipped = flippedRows(trainRows, { share, seed });
      const train = flipLabels(dataset.train, trainRows, flipped, { classes: task.classes.length, seed });
      return { prepared: prepare(train), task, share, flipped };
    });
  });
}

/** Rows of the training split that a setting is given. */
function rowsOf(setting: RunSetting, prepared: PreparedRun): readonly number[] {
  const { length } = demonstrationsFor(setting, prepared);
  return (needsOf(setting) === 'all' ? prepared.fineTuningRows : prepared.trainRows).slice(0, length);
}

export function flipsTable(model: string, rows: readonly FlipsRow[]): Table {
  return {
    columns: [
      ...['model', 'dataset', 'seed', 'permutation', 'method', 'learning_rate', 'share', 'used', 'flipped'],
      ...['examples', 'accuracy', 'accuracy_zsl', 'chance', 'status'],
    ],
    rows: rows.map((row) => [
      ...[model, row.dataset, row.seed, row.permutation, row.method, row.learningRate],
      ...[row.share, row.used, row.flipped, row.examples],
      ...[
        row.accuracy ?? null,
        row.zeroShot,
        row.chance,
        row.accuracy === undefined ? 'diverged' : 'finished',
      ],
    ]),
  };
}

/** Mean accuracy over datasets and seeds by share, a line a method; null where any of its trainings diverged. */
export function flipsCurves(
  rows: readonly FlipsRow[],
): { name: string; points: [share: number, accuracy: number | null][] }[] {
  const shares = [...new Set(rows.map(({ share }) => share))].toSorted((a, b) => a - b);
  return [...new Set(rows.map(({ method }) => method))].map((name) => ({
    name,
    points: shares.map((share): [number, number | null] => {
      const own = rows.filter((row) => row.method === name && row.share === share);
      const known = own.flatMap(({ accuracy }) => accuracy ?? []);
      return [share, known.length < own.length ? null : mean(known)];
    }),
  }));
}

export function flipsPicture(model: string, rows: readonly FlipsRow[]): string {
  const shares = rows.map(({ share }) => share).toSorted((a, b) => a - b);
  const level = (name: string, value: number, color: string) => ({
    ...{ name, color, dashed: true },
    points: [...new Set([shares[0] ?? 0, shares.at(-1) ?? 0])].map((share): [number, number] => [
      share,
      value,
    ]),
  });
  // Each trial counts once, whatever there is of methods and shares.
  const trials = [...new Map(rows.map((row) => [JSON.stringify([row.dataset, row.seed]), row])).values()];
  return lineChartSvg({
    title: `${model} with flipped labels: mean over datasets and seeds`,
    xLabel: 'share of the demonstrations with a flipped label',
    yLabel: 'accuracy',
    series: [
      ...flipsCurves(rows),
      level('ZSL', mean(trials.map(({ zeroShot: accuracy }) => accuracy)) as number, '#333333'),
      level('chance', mean(trials.map(({ chance }) => chance)) as number, '#777777'),
    ],
  });
}
