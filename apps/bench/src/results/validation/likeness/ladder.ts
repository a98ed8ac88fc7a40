import { type Interval, mean } from '@icl-gd/metrics';
import type { SettingRole } from '../../../experiment/setting.ts';
import type { Table } from '../../csv.ts';
import { type AcrossDatasets, acrossDatasets } from '../../inference/across-datasets.ts';
import type { Estimate } from '../../inference/estimate.ts';
import type { MeasuredCell, MeasuredRun } from '../../measured.ts';
import { ExampleScores } from '../example-scores.ts';
import { byRole, partsOf } from './settings.ts';

/** A similarity and its mismatched form, the share that is not about the example. */
export const LADDER_METRICS = [
  { metric: 'simaou', mismatched: 'simaou_mismatched' },
  { metric: 'simam_delta', mismatched: 'simam_delta_mismatched' },
] as const;
export type LadderMetric = (typeof LADDER_METRICS)[number]['metric'];

/** In the column `dataset`: the mean over all of them. */
export const ALL = 'all';

/** Beyond any number that could be drawn. */
const HUGE = 1e100;

/** A mean with its 95 % interval. */
export interface Level {
  readonly value: number;
  /** Over data sets if there are several, else over seeds and examples. */
  readonly interval: Interval | null;
}

/** How alike to ICL a setting is, on one dataset or on all of them together. */
export interface Rung {
  readonly metric: LadderMetric;
  readonly method: string;
  readonly role: SettingRole;
  /** `all` for the mean over datasets. */
  readonly dataset: string;
  readonly level: Level;
  /** Of updates of different examples; null where it was not measured. */
  readonly mismatched: Level | null;
  /**
   * (s − s_mismatched) / (c − s_mismatched), c the score of the ceiling: 0 for what is alike whatever the example, 1 for what is as
   * alike as another context. Null where the denominator may be 0.
   */
  readonly normalised: number | null;
  /** Mean share of the cosines that are defined; null where the run does not say. */
  readonly definedShare: number | null;
  /** Of SimAM_Δ: mean share of Δm that is the same for all keys, which softmax does not see; null where it was not measured. */
  readonly commonMode: number | null;
  readonly seeds: number;
  readonly datasets: number;
}

/** Nulls, learners, controls and ceilings on one scale, of one variant. */
export interface Ladder {
  readonly variant: string;
  readonly datasets: readonly string[];
  /** What normalised scores are measured by; undefined where there was none. */
  readonly ceiling: string | undefined;
  readonly rungs: readonly Rung[];
}

/** The variant that likeness is asked of. */
export function mainVariant(variants: readonly string[]): string {
  return variants.includes('trained') ? 'trained' : (variants[0] ?? 'trained');
}

/** Every setting of a run, compared with ICL in the same way. */
export function climb({
  cells,
  variants,
  methods,
  controls = [],
}: Pick<MeasuredRun, 'cells' | 'variants' | 'methods' | 'controls'>): Ladder {
  const variant = mainVariant(variants);
  const own = cells.filter((cell) => cell.variant === variant);
  const examples = new ExampleScores(own);
  const settings = byRole([...methods, ...controls]);
  const ceiling = findCeiling(settings.map(({ id }) => id));
  const rungs = LADDER_METRICS.flatMap(({ metric, mismatched }) =>
    settings.flatMap(({ id: method, role }) => {
      const steps = examples.datasets.flatMap((dataset): Step[] => {
        const of = (measured: string, setting = method) => ({
          ...{ metric: measured, variant, method: setting, dataset },
        });
        const level = examples.estimate(of(metric));
        if (level.value === null) return [];
        return [
          {
            dataset,
            level,
            mismatched: examples.estimate(of(mismatched)),
            room:
              ceiling === undefined ? undefined : examples.difference(of(metric, ceiling), of(mismatched)),
            definedShare: meanOf(own, { method, dataset }, (cell) => definedShareOf(cell, metric)),
            commonMode:
              metric === 'simam_delta'
                ? meanOf(own, { method, dataset }, ({ numbers }) => numbers.get('common_mode'))
                : null,
          },
        ];
      });
      if (steps.length === 0) return [];
      const key = { metric, method, role };
      const single = steps.map((step) => ({ ...key, dataset: step.dataset, ...rungOf([step]) }));
      return examples.datasets.length > 1
        ? [{ ...key, dataset: ALL, ...rungOf(steps) }, ...single]
        : [{ ...single[0]!, dataset: ALL }, ...single];
    }),
  );
  return { variant, datasets: examples.datasets, ceiling, rungs };
}

/** What a setting is on one dataset. */
interface Step {
  readonly dataset: string;
  readonly level: Estimate;
  readonly mismatched: Estimate;
  /** The ceiling's level − mismatched. */
  readonly room: Estimate | undefined;
  readonly definedShare: number | null;
  readonly commonMode: number | null;
}

function rungOf(
  steps: readonly Step[],
): Pick<Rung, 'level' | 'mismatched' | 'normalised' | 'definedShare' | 'commonMode' | 'seeds' | 'datasets'> {
  const whole = steps.flatMap(({ level, mismatched, room }) =>
    room && room.value !== null && mismatched.value !== null
      ? [{ room, gain: (level.value as number) - mismatched.value }]
      : [],
  );
  const room = levelOf(whole.map((own) => own.room));
  const gain = mean(whole.map((own) => own.gain));
  return {
    level: levelOf(steps.map(({ level }) => level)) as Level,
    mismatched: levelOf(steps.map(({ mismatched }) => mismatched)),
    normalised: room && gain !== null && isNotZero(room.interval) ? gain / room.value : null,
    definedShare: mean(steps.flatMap(({ definedShare }) => definedShare ?? [])),
    commonMode: mean(steps.flatMap(({ commonMode }) => commonMode ?? [])),
    seeds: Math.min(...steps.map(({ level }) => level.seeds)),
    datasets: steps.length,
  };
}

/** A mean over datasets, or what a single one has. */
export function levelOf(estimates: readonly Estimate[]): Level | null {
  const values = estimates.flatMap(({ value }) => value ?? []);
  const across: AcrossDatasets | null = acrossDatasets(values);
  const only = estimates.find(({ value }) => value !== null);
  const level = across ? { value: across.mean, interval: across.interval } : only;
  if (!level || level.value === null) return null;
  // Pseudo-values have no bounds: a table that is no run's may have any numbers in it.
  const { value, interval } = level;
  if (!(Math.abs(value) < HUGE)) return null;
  return { value, interval: interval && isBounded(interval) ? interval : null };
}

function isBounded({ lower, upper }: Interval): boolean {
  return Math.abs(lower) < HUGE && Math.abs(upper) < HUGE;
}

export function isNotZero(interval: Interval | null): boolean {
  return interval !== null && (interval.lower > 0 || interval.upper < 0);
}

/** `ICL[disjoint]`, else the context in another order. */
function findCeiling(ids: readonly string[]): string | undefined {
  const alone = (option: (own: string) => boolean): string | undefined =>
    ids.find((id) => {
      const { learner, options } = partsOf(id);
      return learner === 'ICL' && options.length === 1 && option(options[0] as string);
    });
  return alone((own) => own === 'disjoint') ?? alone((own) => own.startsWith('order='));
}

/** Mean over the seeds' cells of a method and dataset, of what they have. */
function meanOf(
  cells: readonly MeasuredCell[],
  { method, dataset }: { readonly method: string; readonly dataset: string },
  valueOf: (cell: MeasuredCell) => number | null | undefined,
): number | null {
  const own = cells.filter((cell) => cell.method === method && cell.dataset === dataset);
  return mean(own.flatMap((cell) => valueOf(cell) ?? []));
}

/** Mean over layers of the share of a metric's cosines that are defined. */
function definedShareOf({ scores }: MeasuredCell, metric: string): number | null {
  return mean((scores.get(metric)?.definedShares ?? []).flatMap((share) => share ?? []));
}

/** ladder.csv. */
export function ladderTable(ladders: readonly { readonly probe: string; readonly ladder: Ladder }[]): Table {
  return {
    columns: [
      ...['probe', 'variant', 'metric', 'role', 'method', 'dataset', 'value', 'lower_95', 'upper_95'],
      ...[
        'mismatched',
        'mismatched_lower_95',
        'mismatched_upper_95',
        'normalised',
        'defined_share',
        'common_mode',
      ],
      ...['seeds', 'datasets'],
    ],
    rows: ladders.flatMap(({ probe, ladder: { variant, rungs } }) =>
      rungs.map((rung) => [
        ...[probe, variant, rung.metric, rung.role, rung.method, rung.dataset],
        ...fields(rung.level),
        ...fields(rung.mismatched),
        ...[rung.normalised, rung.definedShare, rung.commonMode, rung.seeds, rung.datasets],
      ]),
    ),
  };
}

function fields(level: Level | null): (number | null)[] {
  return [level?.value ?? null, level?.interval?.lower ?? null, level?.interval?.upper ?? null];
}
