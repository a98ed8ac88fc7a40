import { type LearnerSetting, settingId } from '@icl-gd/methods';
import { mean } from '@icl-gd/metrics';
import { orderDatasets } from '../../tasks/tasks.ts';
import type { Task } from '../../tasks/task.ts';
import type { RunSettings } from '../plan.ts';
import { type RateRule, runSettingId } from '../setting.ts';
import { chooseRate } from './choose-rate.ts';
import { shortNumber } from './chosen-rate.ts';
import type { Development, DevelopmentRow, Judged, RateRow } from './development.ts';
import {
  DevelopmentCells,
  type DevelopmentWork,
  IN_CONTEXT,
  type MeasuredSetting,
  ZERO_SHOT,
  unitsOf,
} from './development-cells.ts';
import { RateCurve, rateGrid } from './grid.ts';
import type { PreparedDevelopment } from './prepare.ts';
import { type EvaluateRate, type FinishedPoint, type SeedOutcome, finishedPoint } from './rate-point.ts';
import { PUBLISHED, REFERENCE, developedLearners } from './rate-rules.ts';

type Settings = Pick<RunSettings, 'datasets' | 'methods' | 'controls' | 'learningRate'>;

interface Options {
  readonly settings: Settings;
  readonly log: (line: string) => void;
  /** What levels are matched to: GD, but for tests. */
  readonly reference?: LearnerSetting;
}

/** A search beyond the grid is counted as this share of it. */
const SEARCH_SHARE = 0.25;

/** Work that the stage is reckoned to be: queries probed and demonstrations trained on. */
export function developmentUnits(prepared: readonly PreparedDevelopment[], settings: Settings): number {
  return prepared.reduce((sum, { runs }) => sum + unitsOfDataset(runs, settings), 0);
}

function unitsOfDataset(runs: PreparedDevelopment['runs'], settings: Settings): number {
  const [first] = runs;
  if (!first) return 0;
  const rates = Math.ceil(rateGrid(1).length * (1 + SEARCH_SHARE));
  const trained = developedLearners(settings).map(({ setting }) => rates * unitsOf(setting, first));
  return runs.length * [2 * first.queries.length, ...trained].reduce((sum, own) => sum + own, 0);
}

/**
 * Measures learners by learning rate on development data of the trained model, and chooses the rates that the run's settings
 * ask for. Never by their likeness to in-context learning: that is recorded for curves alone.
 */
export async function developRates(
  work: DevelopmentWork,
  prepared: readonly PreparedDevelopment[],
  options: Options,
): Promise<Development> {
  const { datasets } = options.settings;
  const all: Development[] = [];
  for (const id of orderDatasets(datasets.map((task) => task.id))) {
    const task = datasets.find((own) => own.id === id) as Task;
    const own = prepared.find(({ dataset }) => dataset === id);
    if (!own) continue;
    all.push(
      own.leftOut === undefined
        ? await developDataset(work, task, own, options)
        : leftOut(task, own, options),
    );
  }
  return {
    rates: all.flatMap(({ rates }) => rates),
    curves: all.flatMap(({ curves }) => curves),
    judged: all.flatMap(({ judged }) => judged),
  };
}

async function developDataset(
  work: DevelopmentWork,
  task: Task,
  { dataset, runs }: PreparedDevelopment,
  { settings, log, reference = REFERENCE }: Options,
): Promise<Development> {
  const reckoned = new Reckoned(unitsOfDataset(runs, settings), work.onWork);
  const cells = new DevelopmentCells(
    { ...work, onWork: (units, doing) => reckoned.advance(units, doing) },
    runs,
  );
  const zsl = await cells.measure(ZERO_SHOT, null);
  const icl = await cells.measure(IN_CONTEXT, null);
  const publishedRate = publishedRateOf(task, settings);
  const evaluatorOf =
    (setting: LearnerSetting): EvaluateRate =>
    async (rate) => ({ rate, seeds: await cells.measure(setting, rate) });
  const rates: RateRow[] = [];
  const judged: Judged[] = [];
  for (const { setting, rules } of developedLearners(settings)) {
    const evaluate = evaluatorOf(setting);
    await RateCurve.measure(evaluate, publishedRate);
    for (const rule of [PUBLISHED, ...rules] as const) {
      const chosen = await chooseRate(rule, {
        ...{ method: settingId(setting), evaluate, publishedRate },
        reference: { method: settingId(reference), evaluate: evaluatorOf(reference) },
      });
      const { notes, ...row } = chosen;
      const method = settingId(setting);
      rates.push({
        ...{ dataset, method, rule, publishedRate, ...row, note: notes.join('; ') },
        ...{ seeds: runs.length, examples: runs[0]?.queries.length ?? 0 },
      });
      const at = row.learningRate === null ? undefined : (await evaluate(row.learningRate)).seeds;
      judged.push({
        ...{ dataset, method: nameUnder(setting, rule), rule, learningRate: row.learningRate },
        ...{ zsl: outcomesOf(zsl), icl: outcomesOf(icl), learner: outcomesOf(at) },
      });
    }
  }
  reckoned.finish(`development ${dataset}`);
  log(describe(dataset, rates));
  return { rates, curves: curvesOf(dataset, cells.measured), judged };
}

/** How a learner is called in the tables under a rule. */
function nameUnder(setting: LearnerSetting, rule: RateRule | typeof PUBLISHED): string {
  return runSettingId({ ...setting, demonstrations: {}, ...(rule === PUBLISHED ? {} : { rate: rule }) });
}

function publishedRateOf(task: Task, { learningRate }: Pick<RunSettings, 'learningRate'>): number {
  return learningRate ?? task.defaults.learningRate;
}

/** Outcomes of every seed; undefined where one diverged. */
function outcomesOf(seeds: readonly SeedOutcome[] | undefined): FinishedPoint['outcomes'] | undefined {
  return seeds && finishedPoint({ rate: 0, seeds })?.outcomes;
}

function leftOut(task: Task, { leftOut: why }: PreparedDevelopment, { settings, log }: Options): Development {
  log(`WARNING: ${task.id} has no development data: ${why}`);
  const publishedRate = publishedRateOf(task, settings);
  const rows = developedLearners(settings).flatMap(({ setting, rules }) =>
    ([PUBLISHED, ...rules] as const).map((rule) => ({
      ...{ setting, rule, learningRate: rule === PUBLISHED ? publishedRate : null },
    })),
  );
  return {
    rates: rows.map(({ setting, rule, learningRate }) => ({
      ...{ dataset: task.id, method: settingId(setting), rule, learningRate, publishedRate },
      ...{ target: null, objective: null, standardError: null, points: 0, seeds: 0, examples: 0 },
      note: `left out: ${why}`,
    })),
    curves: [],
    judged: rows.map(({ setting, rule, learningRate }) => ({
      ...{ dataset: task.id, method: nameUnder(setting, rule), rule, learningRate },
      ...{ zsl: undefined, icl: undefined, learner: undefined },
    })),
  };
}

/** By method in the order in which they were asked for, rate and seed. */
function curvesOf(dataset: string, measured: readonly MeasuredSetting[]): DevelopmentRow[] {
  const methods = [...new Set(measured.map(({ method }) => method))];
  return measured
    .toSorted(
      (a, b) =>
        methods.indexOf(a.method) - methods.indexOf(b.method) ||
        (a.learningRate ?? 0) - (b.learningRate ?? 0),
    )
    .flatMap((own) => curveRows(dataset, own));
}

function curveRows(dataset: string, { method, learningRate, seeds }: MeasuredSetting): DevelopmentRow[] {
  return seeds.map((own) => {
    const key = { dataset, seed: own.seed, method, learningRate, status: own.status };
    if (own.status === 'diverged')
      return {
        ...key,
        ...{ goldNll: null, accuracy: null, kl: null, updateNorm: null, simaou: null, simamDelta: null },
      };
    const { outcome, simaou, simamDelta } = own;
    return {
      ...key,
      goldNll: mean(outcome.goldNll),
      accuracy: mean(outcome.correct),
      kl: mean(outcome.kl),
      updateNorm: mean(outcome.updateNorm),
      ...{ simaou, simamDelta },
    };
  });
}

function describe(dataset: string, rates: readonly RateRow[]): string {
  const chosen = rates.filter(({ rule }) => rule !== PUBLISHED);
  const told = chosen.map(({ method, rule, learningRate, note }) =>
    learningRate === null
      ? `${method} has no rate by ${rule} (${note})`
      : `${method} ${shortNumber(learningRate)} by ${rule}`,
  );
  return `development ${dataset}: ${told.length === 0 ? 'measured' : told.join(', ')}`;
}

/** Work on a dataset: as much as was reckoned, whatever it came to. */
class Reckoned {
  readonly #advance: (units: number, doing: string) => void;
  #left: number;

  constructor(units: number, advance: (units: number, doing: string) => void) {
    this.#left = units;
    this.#advance = advance;
  }

  advance(units: number, doing: string): void {
    const own = Math.min(units, this.#left);
    this.#left -= own;
    this.#advance(own, doing);
  }

  finish(doing: string): void {
    this.advance(this.#left, doing);
  }
}
