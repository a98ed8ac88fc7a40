import { type ProbeToken, inContext, takesRate, zeroShot } from '@icl-gd/methods';
import { type MetricCatalogue, builtInMetrics } from '@icl-gd/metrics';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { type CellAddress, type RunIdentity, digestPrepared, jointCell, learnerCell } from './cell.ts';
import { rateBy } from './development/development.ts';
import { settingsOn } from './development/rate-rules.ts';
import type { Trial } from './plan.ts';
import { type TrialRecords, recordsOf } from './record.ts';
import { pairsAmong } from './scores.ts';
import type { ByToken, TrialSetting } from './trial-setting.ts';
import { type TrialAttention, planAttention } from './training-attention/plan.ts';
import { type RunSetting, runSetting, runSettingId, unavailability, unitsOfSetting } from './setting.ts';

/** Two settings that the catalogue of metrics compares with each other. */
export interface TrialPair {
  readonly ids: readonly [string, string];
  readonly settings: readonly [TrialSetting, TrialSetting];
  readonly addresses: ByToken<CellAddress>;
}

/** All cells of a trial. */
export interface TrialPlan {
  readonly trial: Trial;
  readonly prepared: PreparedRun;
  readonly zeroShot: TrialSetting;
  readonly inContext: TrialSetting;
  /** Everything that is compared with in-context learning: learners, then controls. */
  readonly methods: readonly TrialSetting[];
  readonly pairs: readonly TrialPair[];
  readonly noise: CellAddress;
  /** Of the learners whose training attention is measured; none unless that is asked for. */
  readonly attention: readonly TrialAttention[];
  /** What its records must hold. */
  readonly records: TrialRecords;
  /** What is measured. */
  readonly metrics: MetricCatalogue;
}

export function planTrial(
  identity: RunIdentity,
  trial: Trial,
  prepared: PreparedRun,
  probeTokens: readonly ProbeToken[],
): TrialPlan {
  const { metrics = builtInMetrics } = identity;
  const byToken = (make: (token: ProbeToken) => CellAddress): ByToken<CellAddress> =>
    new Map(probeTokens.map((token) => [token, make(token)]));
  const rateOf = (setting: RunSetting): { learningRate: number | null; unavailable?: string } => {
    if (!takesRate(setting)) return { learningRate: null };
    if (!setting.rate) return trial;
    return { learningRate: null, ...rateBy(identity.rates, trial.dataset, setting) };
  };
  const planSetting = (setting: RunSetting): TrialSetting => {
    const digests = digestPrepared(prepared, setting.demonstrations);
    const { learningRate, unavailable = unavailability(setting, prepared) } = rateOf(setting);
    const own = { ...trial, learningRate: learningRate ?? trial.learningRate };
    return {
      ...{ setting, learningRate },
      id: runSettingId(setting),
      addresses: byToken((token) => learnerCell(identity, own, digests, setting, token)),
      ...(unavailable === undefined ? {} : { unavailable }),
    };
  };
  const planPair = (ids: readonly [string, string]): TrialPair => {
    const [first, second] = ids.map((id) => methods.find((method) => method.id === id)) as [
      TrialSetting,
      TrialSetting,
    ];
    const addresses = byToken((token) =>
      jointCell(identity, trial, ids.join('-'), [addressOf(first, token), addressOf(second, token)]),
    );
    return { ids, settings: [first, second], addresses };
  };
  const [zsl, icl] = [zeroShot, inContext].map((learner) => planSetting(runSetting(learner))) as [
    TrialSetting,
    TrialSetting,
  ];
  const methods = settingsOn(trial.variant, identity.settings)
    .map(planSetting)
    .filter(({ setting, unavailable }) => !(setting.byDefault && unavailable !== undefined));
  const all = [zsl, icl, ...methods].filter(isAvailable).map((setting) => ownAddress(setting));
  return {
    trial,
    prepared,
    zeroShot: zsl,
    inContext: icl,
    methods,
    pairs: pairsAmong(
      methods.map(({ id }) => id),
      metrics,
    ).map(planPair),
    noise: jointCell(identity, trial, 'noise', all),
    attention: planAttention(identity, trial, prepared, { inContext: icl, methods }, ownAddress),
    records: recordsOf(prepared.queries, metrics),
    metrics,
  };
}

/** Those that can be made, in the order in which they are computed: each is compared with those before it. */
export function settingsOf({ zeroShot, inContext, methods }: TrialPlan): TrialSetting[] {
  return [zeroShot, inContext, ...methods].filter(isAvailable);
}

/** Whether a setting can be made in its trial. */
export function isAvailable({ unavailable }: TrialSetting): boolean {
  return unavailable === undefined;
}

/** Records of a trial's settings, under every probe token. */
export function addressesOf(plan: TrialPlan): CellAddress[] {
  return settingsOf(plan).flatMap(({ addresses }) => [...addresses.values()]);
}

/** The record under the run's own probe token. */
export function ownAddress({ addresses }: { readonly addresses: ByToken<CellAddress> }): CellAddress {
  return [...addresses.values()][0] as CellAddress;
}

export function addressOf({ addresses }: TrialSetting, token: ProbeToken): CellAddress {
  return addresses.get(token) as CellAddress;
}

/** As `unitsOfSetting`. */
export function unitsOf({ prepared }: TrialPlan, { setting }: TrialSetting): number {
  return unitsOfSetting(setting, prepared);
}
