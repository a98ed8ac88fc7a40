import { type Probe, type ProbeToken, inContext, inapplicableMetricsOf, probeBatches } from '@icl-gd/methods';
import type { Model } from '@icl-gd/transformer';
import { Ahead } from './ahead.ts';
import type { CellAddress } from './cell.ts';
import { NOISE_FLOOR_PASSES, type ProbesBySetting, measureNoiseFloor } from './noise-floor.ts';
import { trialName } from './plan.ts';
import {
  type Diverged,
  type ProbedSetting,
  type SettingOptions,
  probeByToken,
  probeSetting,
  unlessDiverged,
} from './probe-setting.ts';
import { HeldProbes } from './held-probes.ts';
import { tokensOfPass } from './lockstep/pass.ts';
import type { ExpectedTraining } from './lockstep/trainings.ts';
import type { SettingRecord } from './record.ts';
import type { z } from 'zod';
import type { ProbeWrite } from './probe-file.ts';
import { demonstrationsFor } from './setting.ts';
import { scoreAll } from './score-all.ts';
import { InFlight } from './scoring/in-flight.ts';
import { type ComparedWith, finishSetting } from './scoring/finish-setting.ts';
import { measureTraining } from './training/measure-training.ts';
import { trainingAttentionRecord } from './training-attention/record.ts';
import { recordTrainingAttention } from './training-attention/record-trial.ts';
import { type TrialPair, type TrialPlan, addressOf, ownAddress, settingsOf, unitsOf } from './trial-plan.ts';
import type { TrialRunnerOptions } from './trial-runner-options.ts';
import type { TrialSetting } from './trial-setting.ts';

/** What became of a trial. */
export interface TrialOutcome {
  /** By setting. */
  readonly records: ReadonlyMap<string, SettingRecord>;
  /** Whether everything was there already. */
  readonly recorded: boolean;
}

/** What is known of a record once its setting is probed, and what will be when it is scored. */
interface Computed {
  readonly status: SettingRecord['status'];
  readonly record: Promise<SettingRecord> | SettingRecord;
}

/** Computes what is missing of trials, one after another; trials of one dataset share zero-shot. */
export class TrialRunner {
  readonly #options: TrialRunnerOptions;
  /** Units of work reported, by address of a setting's own record. */
  readonly #done = new Map<string, number>();
  readonly #probes: HeldProbes;
  /** A setting is scored while the next one is computed. */
  readonly #inFlight = new InFlight();
  /** What is probed before its trial begins. */
  readonly #ahead = new Ahead<Awaited<ReturnType<typeof probeByToken>>>();

  constructor(options: TrialRunnerOptions) {
    this.#options = options;
    this.#probes = new HeldProbes(options.store, options.config);
  }

  /** Says which trials of one model come next: what learners take in there may be taken in together. */
  async expect(plans: readonly TrialPlan[]): Promise<void> {
    const expected = new Map<string, ExpectedTraining>();
    for (const plan of plans)
      for (const setting of settingsOf(plan)) {
        const { key } = ownAddress(setting);
        if (expected.has(key) || (await this.#isThere(plan, setting))) continue;
        expected.set(
          key,
          this.#trainingOf(plan, setting, (units) => this.#advance(plan, setting, units)),
        );
      }
    this.#options.trainings.expect([...expected.values()]);
  }

  /** @param next the trial that will be run after it on the same model, if there is one: the device begins it while scores are computed */
  async run(plan: TrialPlan, next?: TrialPlan): Promise<TrialOutcome> {
    try {
      return await this.#run(plan, next);
    } catch (error) {
      await this.#ahead.settle();
      throw error;
    } finally {
      // Where the model itself overflows nobody has asked for it.
      void this.#ahead.take(ownAddress(plan.inContext));
      // What is computed is not lost by what went wrong after it.
      await this.#inFlight.settle();
      this.#options.trainings.forget(plan.prepared);
    }
  }

  async #run(plan: TrialPlan, next: TrialPlan | undefined): Promise<TrialOutcome> {
    this.#probes.holdOnly(plan.zeroShot);
    const computed = new Map<string, Computed>();
    let recorded = true;
    let broken: Computed | undefined;
    for (const setting of settingsOf(plan)) {
      this.#options.tally.ask(ownAddress(setting));
      if (broken) {
        // The model itself overflows: no learner has anything to be compared with.
        computed.set(setting.id, broken);
        continue;
      }
      const earlier = await this.#recorded(plan, setting);
      const there = earlier ?? (await this.#rescored(plan, setting));
      const own = there ? { status: there.status, record: there } : await this.#compute(plan, setting);
      if (!earlier) recorded = false;
      this.#advance(plan, setting, Infinity);
      computed.set(setting.id, own);
      const compared = setting !== plan.zeroShot && setting !== plan.inContext;
      if (own.status === 'diverged' && !compared) broken = own;
      if (next && !earlier && setting === plan.inContext) await this.#lookAhead(next);
    }
    const records = new Map<string, SettingRecord>();
    for (const [id, { record }] of computed) records.set(id, await record);
    if (broken) return { records, recorded };
    for (const pair of plan.pairs) {
      if (pair.ids.some((id) => records.get(id)?.status !== 'finished')) continue;
      recorded = (await this.#comparePair(plan, pair)) && recorded;
    }
    if (this.#options.noiseFloor) recorded = (await this.#measureNoise(plan, records)) && recorded;
    recorded = (await this.#measureTraining(plan, records)) && recorded;
    recorded = (await this.#measureAttention(plan, records)) && recorded;
    return { records, recorded };
  }

  /** The record, if there is one under every probe token and, where they are asked for, the probes. */
  async #recorded(plan: TrialPlan, setting: TrialSetting): Promise<SettingRecord | undefined> {
    const { store, keepAllProbes } = this.#options;
    const own = ownAddress(setting);
    const addresses = [...setting.addresses.values()];
    if (!addresses.every((address) => this.#isRecorded(address))) return undefined;
    const record = await store.read(own, plan.records.setting);
    const complete = !keepAllProbes || addresses.every((address) => store.hasProbes(address));
    return record?.status === 'diverged' || complete ? record : undefined;
  }

  /** Whether nothing of a setting has to be computed, going by what files there are. */
  async #isThere(plan: TrialPlan, { addresses }: TrialSetting): Promise<boolean> {
    const { store, fresh, keepAllProbes } = this.#options;
    const all = [...addresses.values()];
    if (all.every((own) => this.#isRecorded(own)))
      return !keepAllProbes || all.every((own) => store.hasProbes(own));
    if (fresh) return false;
    for (const own of all) if (!(await store.findUnscored(own, plan.records.setting))) return false;
    return true;
  }

  #trainingOf(
    { prepared }: TrialPlan,
    { setting, learningRate }: TrialSetting,
    onWork: ExpectedTraining['onWork'],
    halfWeights = false,
  ): ExpectedTraining {
    const { releasedNorms } = this.#options;
    return { setting, prepared, onWork, how: { learningRate, releasedNorms, halfWeights } };
  }

  #isRecorded(address: CellAddress): boolean {
    const { store, fresh, written } = this.#options;
    return fresh ? written.has(address.key) : store.has(address);
  }

  async #readable(address: CellAddress, schema: z.ZodType): Promise<boolean> {
    return this.#isRecorded(address) && (await this.#options.store.read(address, schema)) !== undefined;
  }

  /** Reports work on a cell, each unit once. */
  #advance(plan: TrialPlan, setting: TrialSetting, more: number): void {
    const { key } = ownAddress(setting);
    const done = this.#done.get(key) ?? 0;
    const units = Math.min(more, unitsOf(plan, setting) - done);
    if (units <= 0) return;
    this.#done.set(key, done + units);
    this.#options.onWork(units, `${trialName(plan.trial)} ${setting.id}`);
  }

  async #write(address: CellAddress, result: unknown): Promise<void> {
    await this.#options.store.write(address, result);
    this.#options.written.add(address.key);
  }

  /** Of records that other metrics were made from, the probes scored anew; undefined where there are none. */
  async #rescored(plan: TrialPlan, setting: TrialSetting): Promise<SettingRecord | undefined> {
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
    for (const [address, record] of scored) await this.#write(address, record);
    return scored[0]?.[1];
  }

  /** Computes a setting under all its probe tokens; it is scored and recorded beside what comes next. */
  async #compute(plan: TrialPlan, setting: TrialSetting): Promise<Computed> {
    const own = ownAddress(setting);
    this.#options.tally.compute(own);
    const probed = (await this.#ahead.take(own)) ?? (await this.#probe(plan, setting));
    const computed: Computed[] = [];
    for (const [token, own] of probed) computed.push(await this.#record(plan, setting, token, own));
    this.#dropUnneeded(plan, setting);
    return computed[0] as Computed;
  }

  async #probe(plan: TrialPlan, setting: TrialSetting): ReturnType<typeof probeByToken> {
    const model = await this.#options.loadModel(plan.trial);
    const options = this.#probing(plan, setting, [...setting.addresses.keys()]);
    return await probeByToken(model, setting.setting, plan.prepared, options, (more) =>
      this.#advance(plan, setting, more),
    );
  }

  /** Gives the device what the next trial needs in context, where that is one pass: there is no more than a pass of it on the host. */
  async #lookAhead(next: TrialPlan): Promise<void> {
    const { trainings } = this.#options;
    const { inContext: setting, prepared } = next;
    const options = this.#probing(next, setting, [...setting.addresses.keys()]);
    if (!trainings.probesAhead || options.allocate) return;
    if (tokensOfPass(probeBatches(prepared.queries, options, true)) === undefined) return;
    if (await this.#isThere(next, setting)) return;
    this.#ahead.begin(ownAddress(setting), () => this.#probe(next, setting));
  }

  async #record(
    plan: TrialPlan,
    setting: TrialSetting,
    token: ProbeToken,
    probed: ProbedSetting | Diverged,
  ): Promise<Computed> {
    const address = addressOf(setting, token);
    if ('diverged' in probed) {
      const record: SettingRecord = { status: 'diverged', message: probed.diverged };
      await this.#write(address, record);
      return { status: 'diverged', record };
    }
    const probes = this.#hold(address, probed.probes.get(token) as readonly Probe[]);
    const compared = await this.#comparedWith(plan, setting, token);
    const { outcome } = await this.#inFlight.start(async () => {
      const { training, directionsOnly } = probed;
      await this.#writeProbes(plan, setting, address, { probes, training });
      const own = { probes, training, directionsOnly };
      const record = await finishSetting(plan, setting, own, compared, this.#options);
      await this.#write(address, record);
      return record;
    });
    if (!this.#options.scoring.isBeside(probes)) await outcome;
    return { status: 'finished', record: outcome };
  }

  #hold(address: CellAddress, probes: readonly Probe[]): readonly Probe[] {
    const placed = this.#options.scoring.place(probes, this.#options.config);
    this.#probes.hold(address, placed);
    return placed;
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

  /** Probes of a method that nothing is compared with any more take much memory. */
  #dropUnneeded(plan: TrialPlan, setting: TrialSetting): void {
    const needed = this.#options.noiseFloor || plan.pairs.some(({ ids }) => ids.includes(setting.id));
    if (needed || setting === plan.zeroShot || setting === plan.inContext) return;
    this.#probes.drop(setting);
  }

  #probing(
    { prepared }: TrialPlan,
    { learningRate }: TrialSetting,
    probeTokens: readonly ProbeToken[],
  ): SettingOptions {
    const { tokenBudget, releasedNorms, signal, trainings, scoring, config } = this.#options;
    const allocate = scoring.allocatorFor(prepared.queries, config);
    const budget = tokenBudget === undefined ? {} : { tokenBudget };
    return {
      learningRate,
      releasedNorms,
      probeTokens,
      signal,
      takeIn: trainings.takeIn,
      allocate,
      ...budget,
    };
  }

  /** Probes of what a setting is compared with. */
  async #comparedWith(plan: TrialPlan, setting: TrialSetting, token: ProbeToken): Promise<ComparedWith> {
    if (setting === plan.zeroShot) return {};
    const zsl = await this.#probesAt(plan, plan.zeroShot, token);
    if (setting === plan.inContext) return { zsl };
    return { zsl, icl: await this.#probesAt(plan, plan.inContext, token) };
  }

  #probesAt(plan: TrialPlan, setting: TrialSetting, token: ProbeToken): Promise<readonly Probe[]> {
    return this.#probes.at(plan, setting, token, () => this.#compute(plan, setting));
  }

  /** @returns whether it was recorded already */
  async #comparePair(plan: TrialPlan, { ids, settings, addresses }: TrialPair): Promise<boolean> {
    let recorded = true;
    for (const [token, address] of addresses) {
      if (await this.#readable(address, plan.records.pair)) continue;
      recorded = false;
      const probes = {
        first: await this.#probesAt(plan, settings[0], token),
        second: await this.#probesAt(plan, settings[1], token),
        zsl: await this.#probesAt(plan, plan.zeroShot, token),
      };
      const { config: shape, scoring } = this.#options;
      const comparison = { of: 'pair', ids } as const;
      const { metrics, trial } = plan;
      const work = { comparison, probes, shape, metrics, seed: trial.seed };
      await this.#write(address, { metrics: await scoring.records(work) });
    }
    return recorded;
  }

  /** @returns whether it was recorded already */
  async #measureNoise(plan: TrialPlan, records: TrialOutcome['records']): Promise<boolean> {
    const units = NOISE_FLOOR_PASSES * settingsOf(plan).reduce((sum, own) => sum + unitsOf(plan, own), 0);
    this.#options.tally.ask(plan.noise);
    if (await this.#readable(plan.noise, plan.records.noise)) {
      this.#options.onWork(units, trialName(plan.trial));
      return true;
    }
    this.#options.tally.compute(plan.noise);
    const token = [...plan.zeroShot.addresses.keys()][0] as ProbeToken;
    const finished = settingsOf(plan).filter(({ id }) => records.get(id)?.status === 'finished');
    const probes = new Map<string, readonly Probe[]>();
    for (const setting of finished) probes.set(setting.id, await this.#probesAt(plan, setting, token));
    const noise = await measureNoiseFloor({
      model: await this.#options.loadModel(plan.trial),
      probes,
      score: (own) => scoreAll(plan, own, this.#options.config),
      probeAgain: (model, halfWeights) => this.#probeAgain(model, plan, finished, { token, halfWeights }),
    });
    await this.#write(plan.noise, { noise });
    return false;
  }

  async #probeAgain(
    model: Model,
    plan: TrialPlan,
    settings: readonly TrialSetting[],
    { token, halfWeights }: { readonly token: ProbeToken; readonly halfWeights: boolean },
  ): Promise<ProbesBySetting> {
    const tellerOf =
      ({ id }: TrialSetting) =>
      (units: number): void =>
        this.#options.onWork(units, `${trialName(plan.trial)} ${id}`);
    const trainings = this.#options.trainings.beside(
      settings.map((own) => this.#trainingOf(plan, own, tellerOf(own), halfWeights)),
    );
    try {
      const again = new Map<string, readonly Probe[]>();
      for (const own of settings) {
        const options = { ...this.#probing(plan, own, [token]), halfWeights, takeIn: trainings.takeIn };
        const probed = await unlessDiverged(() =>
          probeSetting(model, own.setting, plan.prepared, options, tellerOf(own)),
        );
        if (!('diverged' in probed)) again.set(own.id, probed.probes.get(token) ?? []);
      }
      return again;
    } finally {
      trainings.dispose();
    }
  }

  /** @returns whether it was recorded already */
  #measureAttention(plan: TrialPlan, records: TrialOutcome['records']): Promise<boolean> {
    return recordTrainingAttention(plan, (id) => records.get(id)?.status === 'finished', {
      ...this.#options,
      isReadable: (address) => this.#readable(address, trainingAttentionRecord),
      write: (address, record) => this.#write(address, record),
      loadModel: () => this.#options.loadModel(plan.trial),
    });
  }

  /** @returns whether it was recorded already */
  #measureTraining(plan: TrialPlan, records: TrialOutcome['records']): Promise<boolean> {
    const { training: measures = {}, config, ...options } = this.#options;
    const finished = plan.methods.filter(({ id }) => records.get(id)?.status === 'finished');
    return measureTraining(plan, finished, {
      ...{ ...options, measures, layers: config.layers },
      readable: (address, schema) => this.#readable(address, schema),
      write: (address, result) => this.#write(address, result),
    });
  }
}
