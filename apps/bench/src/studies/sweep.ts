import { takesRate, zeroShot } from '@icl-gd/methods';
import { mean } from '@icl-gd/metrics';
import { UserError } from '@icl-gd/transformer';
import type { Progress } from '../experiment/progress.ts';
import { selections } from '../experiment/plan.ts';
import { type RunSetting, choicesAmong, runSetting, runSettingId } from '../experiment/setting.ts';
import type { Table } from '../results/csv.ts';
import { lineChartSvg } from '../results/plots/line-chart.ts';
import { halves } from '../tasks/halves.ts';
import { type PreparedRun, fewerRows } from '../tasks/prompts/prepare-run.ts';
import { type AccuracyQuestion, answer, requireAccuracy, requireNoRule } from './accuracies.ts';
import { type StudyRequest, prepareStudy, readStudyData, readStudyInputs } from './study.ts';

export interface SweepRequest extends StudyRequest {
  readonly learningRates: readonly number[];
}

export interface SweepRow {
  readonly dataset: string;
  readonly seed: number;
  readonly permutation: number;
  readonly method: string;
  readonly learningRate: number;
  readonly examples: number;
  readonly zeroShot: number;
  /** Absent where training diverged. */
  readonly fineTuned: number | undefined;
}

/**
 * The learners that a sweep is about: those that take a learning rate.
 * @param named whether they were asked for by name
 * @throws UserError if one was that takes none, or if none is left; for one with a rule for its rate
 */
export function sweptMethods<T extends RunSetting>(methods: readonly T[], named: boolean): readonly T[] {
  const swept = methods.filter(takesRate);
  const other = methods.find((setting) => !swept.includes(setting));
  if (other && (named || swept.length === 0))
    throw new UserError(
      `--methods: ${runSettingId(other)} takes no learning rate, there is nothing to sweep`,
    );
  requireNoRule(swept);
  return swept;
}

/**
 * Accuracy of fine-tuning by learning rate, on the training split alone: demonstrations come from its first half, the
 * evaluated examples are its second half. The validation split stays unseen.
 * @throws UserError if model, tokenizer or data do not fit
 */
export async function sweepLearningRates(request: SweepRequest, progress: Progress): Promise<SweepRow[]> {
  const { settings, learningRates } = request;
  const inputs = await readStudyInputs(request, request.observer);
  const runs: PreparedRun[] = [];
  for (const task of settings.datasets) {
    const dataset = halves(await readStudyData(request, task));
    const { examples, fineTuningOrder, matchedDemonstrations = false } = settings;
    const shots = settings.shots ?? task.defaults.shots;
    const fewer = fewerRows(task.id, shots, dataset.train.length, 'the first half of its training split');
    if (fewer !== undefined) request.observer?.warn?.(fewer);
    for (const selection of selections(task, settings))
      runs.push(
        prepareStudy(request, inputs, task, dataset, {
          ...{ ...selection, shots, examples, fineTuningOrder, matchedDemonstrations },
          choices: choicesAmong(settings.methods),
        }),
      );
  }
  const questionOf = (
    prepared: PreparedRun,
    setting: RunSetting,
    learningRate: number | null,
  ): AccuracyQuestion => ({
    ...{ variant: 'trained', prepared, setting, learningRate },
    name: `${prepared.dataset} seed ${prepared.seed} ${runSettingId(setting)} ${learningRate ?? ''}`.trimEnd(),
  });
  const trained = runs.flatMap((run) =>
    settings.methods.flatMap((setting) => learningRates.map((rate) => questionOf(run, setting, rate))),
  );
  const baselines = runs.map((run) => questionOf(run, runSetting(zeroShot), null));
  const answers = await answer(request, inputs, [...baselines, ...trained], progress);
  const base = new Map(
    runs.map((run, i) => [run, requireAccuracy(answers[i], (baselines[i] as AccuracyQuestion).name)]),
  );
  return trained.map(({ prepared, setting, learningRate }, i) => ({
    dataset: prepared.dataset,
    seed: prepared.seed,
    permutation: prepared.permutation,
    method: runSettingId(setting),
    learningRate: learningRate as number,
    examples: prepared.queries.length,
    zeroShot: base.get(prepared) as number,
    fineTuned: answers[runs.length + i],
  }));
}

export function sweepTable(model: string, rows: readonly SweepRow[]): Table {
  return {
    columns: [
      'model',
      'dataset',
      'seed',
      'permutation',
      'method',
      'learning_rate',
      'examples',
      'accuracy_zsl',
      'accuracy_ft',
      'status',
    ],
    rows: rows.map((row) => [
      model,
      row.dataset,
      row.seed,
      row.permutation,
      row.method,
      row.learningRate,
      row.examples,
      row.zeroShot,
      row.fineTuned ?? null,
      row.fineTuned === undefined ? 'diverged' : 'finished',
    ]),
  };
}

/**
 * For each dataset the rate with the best mean accuracy over methods and seeds, the smallest on a tie; diverged rates
 * are out.
 */
export function bestLearningRates(
  rows: readonly SweepRow[],
): { dataset: string; learningRate: number; gain: number }[] {
  return [...new Set(rows.map((row) => row.dataset))].flatMap((dataset) => {
    const own = rows.filter((row) => row.dataset === dataset);
    const rates = [...new Set(own.map((row) => row.learningRate))].toSorted((a, b) => a - b);
    const scored = rates.flatMap((learningRate) => {
      const gains = own
        .filter((row) => row.learningRate === learningRate)
        .map((row) => (row.fineTuned === undefined ? undefined : row.fineTuned - row.zeroShot));
      return gains.includes(undefined)
        ? []
        : [{ dataset, learningRate, gain: mean(gains as number[]) as number }];
    });
    const best = scored.toSorted((a, b) => b.gain - a.gain || a.learningRate - b.learningRate)[0];
    return best ? [best] : [];
  });
}

/** Mean gain over zero-shot by learning rate; a line ends where any of its trainings diverged. */
export function sweepPicture(model: string, rows: readonly SweepRow[]): string {
  const methods = [...new Set(rows.map((row) => row.method))];
  const rates = [...new Set(rows.map((row) => row.learningRate))].toSorted((a, b) => a - b);
  return lineChartSvg({
    title: `Fine-tuning ${model}: mean gain over zero-shot, over datasets and seeds`,
    xLabel: 'learning rate',
    yLabel: 'accuracy − zero-shot accuracy',
    xScale: 'log',
    series: methods.map((name) => ({
      name,
      points: rates.map((rate): [number, number | null] => {
        const own = rows.filter((row) => row.method === name && row.learningRate === rate);
        return own.some((row) => row.fineTuned === undefined)
          ? [rate, null]
          : [rate, mean(own.map((row) => (row.fineTuned as number) - row.zeroShot)) as number];
      }),
    })),
  });
}
