import { type Probe, type ProbeToken, inContext, inapplicableMetricsOf } from '@icl-gd/methods';
import type { CellAddress } from './cell.ts';
import type { CellRecords } from './cell-records.ts';
import { HeldProbes } from './held-probes.ts';
import type { Diverged, ProbedSetting } from './probe-setting.ts';
import type { ProbeWrite } from './probe-file.ts';
import type { SettingRecord } from './record.ts';
import { InFlight } from './scoring/in-flight.ts';
import { type ComparedWith, finishSetting } from './scoring/finish-setting.ts';
import { demonstrationsFor } from './setting.ts';
import { type TrialPlan, addressOf } from './trial-plan.ts';
import type { TrialRunnerOptions } from './trial-runner-options.ts';
import type { TrialSetting } from './trial-setting.ts';

/** What is known of a record once its setting is probed, and what will be when it is scored. */
export interface Scored {
  readonly status: SettingRecord['status'];
  readonly record: Promise<SettingRecord> | SettingRecord;
}

/** Compares probes of settings with those of zero-shot and in-context learning, and records what comes of it. */
export class SettingScores {
  readonly #options: TrialRunnerOptions;
  readonly #records: CellRecords;
  readonly #compute: (plan: TrialPlan, setting: TrialSetting) => Promise<unknown>;
  readonly #held: HeldProbes;
  /** A setting is scored while the next one is computed. */
  readonly #inFlight = new InFlight();

  /** @param compute computes a setting whose probes are needed and neither held nor on disk, and has them scored here */
  constructor(
    options: TrialRunnerOptions,
    records: CellRecords,
    compute: (plan: TrialPlan, setting: TrialSetting) => Promise<unknown>,
  ) {
    this.#options = options;
    this.#records = records;
    this.#compute = compute;
    this.#held = new HeldProbes(options.store, options.config);
  }

  /** Begins a trial: of the probes that are held zero-shot's alone are of use to it. */
  begin(plan: TrialPlan): void {
    this.#held.holdOnly(plan.zeroShot);
  }

  /** Scores and records what was probed under one token, beside what comes next where scoring has threads of its own. */
  async score(
    plan: TrialPlan,
    setting: TrialSetting,
    token: ProbeToken,
    probed: ProbedSetting | Diverged,
  ): Promise<Scored> {
    const address = addressOf(setting, token);
    if ('diverged' in probed) {
      const record: SettingRecord = { status: 'diverged', message: probed.diverged };
      await this.#records.write(address, record);
      return { status: 'diverged', record };
    }
    const probes = this.#hold(address, probed.probes.get(token) as readonly Probe[]);
    const compared = await this.#comparedWith(plan, setting, token);
    const { outcome } = await this.#inFlight.start(async () => {
      const { training, directionsOnly } = probed;
      await this.#writeProbes(plan, setting, address, { probes, training });
      const own = { probes, training, directionsOnly };
      const record = await finishSetting(plan, setting, own, compared, this.#options);
      await this.#records.write(address, record);
      return record;
    });
    if (!this.#options.scoring.isBeside(probes)) await outcome;
    return { status: 'finished', record: outcome };
  }

  /** Of records that other metrics were made from, the probes scored anew; undefined where there are none. */
  async rescore(plan: TrialPlan, setting: TrialSetting): Promise<SettingRecord | undefined> {
    const { store, config, fresh } = this.#options;
    if (fresh) return undefined;
    const { validationRows } = plan.prepared;
    const scored: [CellAddress, SettingRecord][] = [];
    for (const [token, address] of setting.addresses) {
      const older = await store.findUnscored(address, plan.records.setting);
      if (older?.record.status !== 'finished') return undefined;
      const { predictions, training, directionsOnly } = older.record;
      const probes = await store.readProbes(older.address, { config, validationRows, predictions });
      if (!probes) return undefined;
      const placed = this.#hold(address, probes);
      await this.#writeProbes(plan, setting, address, { probes: placed, training });
      const compared = await this.#comparedWith(plan, setting, token);
      const probed = { probes: placed, training, directionsOnly };
      scored.push([address, await finishSetting(plan, setting, probed, compared, this.#options)]);
    }
    for (const [address, record] of scored) await this.#records.write(address, record);
    return scored[0]?.[1];
  }

  /** Probes of a setting: held, on disk, or computed once more. */
  probesAt(plan: TrialPlan, setting: TrialSetting, token: ProbeToken): Promise<readonly Probe[]> {
    return this.#held.at(plan, setting, token, () => this.#compute(plan, setting));
  }

  /** Probes of a method that nothing is compared with any more take much memory. */
  dropUnneeded(plan: TrialPlan, setting: TrialSetting): void {
    const needed = this.#options.noiseFloor || plan.pairs.some(({ ids }) => ids.includes(setting.id));
    if (needed || setting === plan.zeroShot || setting === plan.inContext) return;
    this.#held.drop(setting);
  }

  /** Waits for the last setting that is being scored, whatever comes of it. */
  settle(): Promise<void> {
    return this.#inFlight.settle();
  }

  #hold(address: CellAddress, probes: readonly Probe[]): readonly Probe[] {
    const placed = this.#options.scoring.place(probes, this.#options.config);
    this.#held.hold(address, placed);
    return placed;
  }

  /** Probes of what a setting is compared with. */
  async #comparedWith(plan: TrialPlan, setting: TrialSetting, token: ProbeToken): Promise<ComparedWith> {
    if (setting === plan.zeroShot) return {};
    const zsl = await this.probesAt(plan, plan.zeroShot, token);
    if (setting === plan.inContext) return { zsl };
    return { zsl, icl: await this.probesAt(plan, plan.inContext, token) };
  }

  async #writeProbes(
    { prepared }: TrialPlan,
    setting: TrialSetting,
    address: CellAddress,
    own: Pick<ProbeWrite, 'probes' | 'training'>,
  ): Promise<void> {
    const { store, config, modelName: model } = this.#options;
    const { gold, validationRows } = prepared;
    const inapplicableMetrics = inapplicableMetricsOf(setting.setting);
    const demonstrationsInContext =
      setting.setting.learner.id === inContext.id
        ? demonstrationsFor(setting.setting, prepared).length
        : undefined;
    await store.writeProbes(address, {
      ...{ config, model, gold, validationRows, demonstrationsInContext, inapplicableMetrics },
      ...own,
    });
  }
}
