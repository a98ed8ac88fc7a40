import { type LearnerSetting, settingId } from '@icl-gd/methods';
import type { DecoderConfig } from '@icl-gd/transformer';
import type { Task } from '../../tasks/task.ts';
import type { RunSettings } from '../plan.ts';
import { type RateRule, runSettingId } from '../setting.ts';
import { chooseRate } from './choose-rate.ts';
import { curvesOf } from './curves.ts';
import type { Development, Judged, RateRow } from './development.ts';
import {
  DevelopmentCells,
  type DevelopmentWork,
  IN_CONTEXT,
  ZERO_SHOT,
  unitsOf,
} from './development-cells.ts';
import { rateGrid } from './grid.ts';
import type { PreparedDevelopment } from './prepare.ts';
import { type EvaluateRate, type FinishedPoint, type SeedOutcome, finishedPoint } from './rate-point.ts';
import { PUBLISHED, REFERENCE, developedLearners } from './rate-rules.ts';

/** What of a run's settings development data is put to. */
export type DevelopedSettings = Pick<RunSettings, 'datasets' | 'methods' | 'controls' | 'learningRate'>;

interface Options {
  readonly settings: DevelopedSettings;
  /** What levels are matched to: GD, but for tests. */
  readonly reference?: LearnerSetting;
}

/** A learner at a rate, on one dataset. */
export interface Point {
  readonly setting: LearnerSetting;
  readonly rate: number;
}

/** A search beyond the grid is counted as this share of it. */
const SEARCH_SHARE = 0.25;

/** One dataset's learners by rate, and the rates that rules choose of what has been measured. */
export class DevelopedDataset {
  readonly #task: Task;
  readonly #runs: PreparedDevelopment['runs'];
  readonly #settings: DevelopedSettings;
  readonly #reference: LearnerSetting;
  readonly #reckoned: Reckoned;
  readonly #cells: DevelopmentCells;

  constructor(
    work: DevelopmentWork,
    task: Task,
    { runs }: PreparedDevelopment,
    { settings, reference = REFERENCE }: Options,
  ) {
    this.#task = task;
    this.#runs = runs;
    this.#settings = settings;
    this.#reference = reference;
    this.#reckoned = new Reckoned(unitsOfDataset(runs, settings), work.onWork);
    const onWork = (units: number, doing: string): void => this.#reckoned.advance(units, doing);
    this.#cells = new DevelopmentCells({ ...work, onWork }, runs);
  }

  get cells(): DevelopmentCells {
    return this.#cells;
  }

  /** Where every learner is measured, whatever the rules. */
  grid(): Point[] {
    const rates = rateGrid(publishedRateOf(this.#task, this.#settings));
    return developedLearners(this.#settings).flatMap(({ setting }) =>
      rates.map((rate) => ({ setting, rate })),
    );
  }

  /** Points that rules ask for next by what has been measured; none where every rule has come to its end. */
  async wanted(): Promise<Point[]> {
    const points = new Map<string, Point>();
    for (const { setting, rules } of developedLearners(this.#settings))
      for (const rule of rules) {
        try {
          await this.#choose(setting, rule);
        } catch (error) {
          if (!(error instanceof NotMeasured)) throw error;
          points.set(error.message, error.point);
        }
      }
    return [...points.values()];
  }

  async measureBaselines(): Promise<void> {
    for (const baseline of [ZERO_SHOT, IN_CONTEXT]) await this.#cells.measure(baseline, null);
  }

  async measure({ setting, rate }: Point): Promise<void> {
    await this.#cells.measure(setting, rate);
  }

  /** Once nothing is wanted any more. */
  async finish(): Promise<Development> {
    const { id: dataset } = this.#task;
    const publishedRate = publishedRateOf(this.#task, this.#settings);
    const [zsl, icl] = [ZERO_SHOT, IN_CONTEXT].map((own) => outcomesOf(this.#cells.known(own, null)));
    const rates: RateRow[] = [];
    const judged: Judged[] = [];
    for (const { setting, rules } of developedLearners(this.#settings))
      for (const rule of [PUBLISHED, ...rules] as const) {
        const { notes, ...row } = await this.#choose(setting, rule);
        const { learningRate } = row;
        rates.push({
          ...{ dataset, method: settingId(setting), rule, publishedRate, ...row, note: notes.join('; ') },
          ...{ seeds: this.#runs.length, examples: this.#runs[0]?.queries.length ?? 0 },
        });
        const at = learningRate === null ? undefined : this.#cells.known(setting, learningRate);
        judged.push({
          ...{ dataset, method: nameUnder(setting, rule), rule, learningRate },
          ...{ zsl, icl, learner: outcomesOf(at) },
        });
      }
    this.#reckoned.finish(`development ${dataset}`);
    return { rates, curves: curvesOf(dataset, this.#cells.measured), judged };
  }

  /** @throws NotMeasured where the rule asks for what has not been measured */
  #choose(setting: LearnerSetting, rule: RateRule | typeof PUBLISHED): ReturnType<typeof chooseRate> {
    const reference = this.#reference;
    return chooseRate(rule, {
      ...{ method: settingId(setting), evaluate: this.#evaluatorOf(setting) },
      publishedRate: publishedRateOf(this.#task, this.#settings),
      reference: { method: settingId(reference), evaluate: this.#evaluatorOf(reference) },
    });
  }

  #evaluatorOf(setting: LearnerSetting): EvaluateRate {
    return async (rate) => {
      const seeds = this.#cells.known(setting, rate);
      if (!seeds) throw new NotMeasured({ setting, rate });
      return { rate, seeds };
    };
  }
}

/** Work on a dataset that the stage is reckoned to be: queries probed and demonstrations trained on. */
export function unitsOfDataset(runs: PreparedDevelopment['runs'], settings: DevelopedSettings): number {
  const [first] = runs;
  if (!first) return 0;
  const rates = Math.ceil(rateGrid(1).length * (1 + SEARCH_SHARE));
  const trained = developedLearners(settings).map(({ setting }) => rates * unitsOf(setting, first));
  return runs.length * [2 * first.queries.length, ...trained].reduce((sum, own) => sum + own, 0);
}

/** Bytes of the baselines' probes, which everything else on a dataset is compared with. */
export function baselineBytes(
  { runs }: PreparedDevelopment,
  { layers, heads, dModel }: DecoderConfig,
  probeTokens: number,
): number {
  const lengths = (runs[0]?.queries ?? []).map(({ tokens }) => tokens.length + 1);
  const numbers = lengths.reduce((sum, length) => sum + layers * (dModel + heads * length), 0);
  // Zero-shot's are those of all seeds.
  return 4 * probeTokens * (1 + runs.length) * numbers;
}

/** Of a dataset that there is no development data of. */
export function leftOut(
  task: Task,
  { leftOut: why = '' }: PreparedDevelopment,
  { settings }: Options,
): Development {
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

/** A rule asks for a point that has not been measured. */
class NotMeasured extends Error {
  override readonly name = 'NotMeasured';
  readonly point: Point;

  constructor(point: Point) {
    super(`${settingId(point.setting)} at ${point.rate} has not been measured`);
    this.point = point;
  }
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
