import { inapplicableMetricsOf } from '@icl-gd/methods';
import type { MetricCatalogue } from '@icl-gd/metrics';
import { UserError } from '@icl-gd/transformer';
import type { z } from 'zod';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { CellAddress } from './cell.ts';
import type { Trial } from './plan.ts';
import type {
  FinishedSetting,
  NoiseEntry,
  ScoreRecord,
  SettingRecord,
  UnavailableSetting,
} from './record.ts';
import type { RecordStore } from './record-store.ts';
import type { TrainingMeasures } from './training/cells.ts';
import { type MeasuredTraining, readTraining } from './training/read-training.ts';
import { type TrainingAttentionRecord, trainingAttentionRecord } from './training-attention/record.ts';
import { type TrialPlan, ownAddress } from './trial-plan.ts';
import type { TrialSetting } from './trial-setting.ts';

export interface MethodResult {
  readonly id: string;
  /** Ids of metrics that do not apply to it. */
  readonly inapplicableMetrics: readonly string[];
  readonly record: SettingRecord | UnavailableSetting;
  /** Null where it takes none, or none was found; the trial's if absent. */
  readonly learningRate?: number | null;
}

/** Everything that was measured of a trial, for the tables. */
export interface TrialResult {
  readonly trial: Omit<Trial, 'variant' | 'shots'> & { readonly variant: string; readonly shots?: number };
  readonly prepared: Pick<PreparedRun, 'gold' | 'validationRows'> & {
    /** Demonstrations in it are unknown where someone else recorded the probes and did not say. */
    readonly context: { readonly tokens?: readonly number[]; readonly demonstrations: number | undefined };
  };
  /** Ids of metrics of the baselines that something was not recorded for. */
  readonly absentMetrics?: readonly string[];
  /** Absent where the model itself, before any training, computes something that is not finite. */
  readonly baselines?: { readonly zeroShot: FinishedSetting; readonly inContext: FinishedSetting };
  /** In the order of the settings. */
  readonly methods: readonly MethodResult[];
  /** Scores of pairs of methods, by metric. */
  readonly pairs: Readonly<Record<string, ScoreRecord>>;
  /** None without a noise floor. */
  readonly noise: readonly NoiseEntry[];
  /** Weight changes and gradient norms; absent unless something of the kind is asked for. */
  readonly training?: MeasuredTraining;
  /** By learner that it was measured of; none if absent. */
  readonly trainingAttention?: readonly { readonly id: string; readonly record: TrainingAttentionRecord }[];
  /** What is measured; the built-in metrics if absent. */
  readonly metrics?: MetricCatalogue;
}

/**
 * Brings the records of a trial together.
 * @throws UserError if a record has gone since it was written
 */
export async function readTrial(
  store: RecordStore,
  plan: TrialPlan,
  options: {
    readonly noiseFloor: boolean;
    readonly training?: TrainingMeasures & { readonly required: boolean };
    /** Whether training attention that is planned may be missing. No if absent. */
    readonly partial?: boolean;
  },
): Promise<TrialResult> {
  const need = async <T>(address: CellAddress, schema: z.ZodType<T>): Promise<T> => {
    const record = await store.read(address, schema);
    if (record === undefined)
      throw new UserError(
        `the record ${address.title}-${address.key} has gone while the tables were written`,
      );
    return record;
  };
  const { trial, prepared, records, metrics } = plan;
  const zeroShot = await need(ownAddress(plan.zeroShot), records.setting);
  const inContext =
    zeroShot.status === 'diverged' ? zeroShot : await need(ownAddress(plan.inContext), records.setting);
  if (zeroShot.status === 'diverged' || inContext.status === 'diverged')
    return {
      trial,
      prepared,
      methods: plan.methods.map((method) => toResult(method, inContext)),
      pairs: {},
      noise: [],
      metrics,
    };
  const methods: MethodResult[] = [];
  for (const method of plan.methods)
    methods.push(
      toResult(method, method.unavailable ? inContext : await need(ownAddress(method), records.setting)),
    );
  const finished = methods.flatMap(({ id, record }) => (record.status === 'finished' ? [id] : []));
  const pairs: Record<string, ScoreRecord> = {};
  for (const pair of plan.pairs) {
    if (pair.ids.every((id) => finished.includes(id)))
      Object.assign(pairs, (await need(ownAddress(pair), records.pair)).metrics);
  }
  const noise = options.noiseFloor ? (await need(plan.noise, records.noise)).noise : [];
  const trainingAttention: { id: string; record: TrainingAttentionRecord }[] = [];
  for (const { setting, address } of plan.attention) {
    if (!finished.includes(setting.id)) continue;
    if (options.partial && !store.has(address)) continue;
    trainingAttention.push({ id: setting.id, record: await need(address, trainingAttentionRecord) });
  }
  const { training: asked } = options;
  const training = asked && { training: await readTraining(store, plan, finished, asked) };
  const baselines = { zeroShot, inContext };
  return { trial, prepared, baselines, methods, pairs, noise, trainingAttention, metrics, ...training };
}

/** The rate of a method of a trial, null where it takes none; the trial's for what belongs to no method. */
export function learningRateOf(
  { trial, methods }: Pick<TrialResult, 'trial' | 'methods'>,
  method: string,
): number | null {
  const { learningRate = trial.learningRate } = methods.find(({ id }) => id === method) ?? {};
  return learningRate;
}

function toResult(
  { id, setting, learningRate, unavailable }: TrialSetting,
  record: SettingRecord,
): MethodResult {
  const own = { id, inapplicableMetrics: inapplicableMetricsOf(setting), learningRate };
  if (unavailable !== undefined) return { ...own, record: { status: 'unavailable', message: unavailable } };
  if (record.status === 'finished' && record.directionsOnly)
    return { ...own, record: { ...record, predictions: [] } };
  return { ...own, record };
}
