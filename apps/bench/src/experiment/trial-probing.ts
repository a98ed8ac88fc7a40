import { type Probe, type ProbeToken, probeBatches } from '@icl-gd/methods';
import type { Model } from '@icl-gd/transformer';
import { Ahead } from './ahead.ts';
import { tokensOfPass } from './lockstep/pass.ts';
import type { ExpectedTraining } from './lockstep/trainings.ts';
import type { ProbesBySetting } from './noise-floor.ts';
import { trialName } from './plan.ts';
import { type SettingOptions, probeByToken, probeSetting, unlessDiverged } from './probe-setting.ts';
import { type TrialPlan, ownAddress, unitsOf } from './trial-plan.ts';
import type { TrialRunnerOptions } from './trial-runner-options.ts';
import type { TrialSetting } from './trial-setting.ts';

type ProbedByToken = Awaited<ReturnType<typeof probeByToken>>;

/** What the device does for the settings of trials: trains and probes, also ahead of its trial; reports the work. */
export class TrialProbing {
  readonly #options: TrialRunnerOptions;
  /** Units of work reported, by address of a setting's own record. */
  readonly #done = new Map<string, number>();
  readonly #ahead = new Ahead<ProbedByToken>();

  constructor(options: TrialRunnerOptions) {
    this.#options = options;
  }

  /** What a setting's learner will take in. */
  expected(plan: TrialPlan, setting: TrialSetting): ExpectedTraining {
    return this.#trainingOf(plan, setting, (units) => this.advance(plan, setting, units));
  }

  /** Reports work on a cell, each unit once. */
  advance(plan: TrialPlan, setting: TrialSetting, more: number): void {
    const { key } = ownAddress(setting);
    const done = this.#done.get(key) ?? 0;
    const units = Math.min(more, unitsOf(plan, setting) - done);
    if (units <= 0) return;
    this.#done.set(key, done + units);
    this.#options.onWork(units, `${trialName(plan.trial)} ${setting.id}`);
  }

  /** A setting under all its probe tokens, from what has begun of it if anything has. */
  async probe(plan: TrialPlan, setting: TrialSetting): Promise<ProbedByToken> {
    return (await this.#ahead.take(ownAddress(setting))) ?? (await this.#probeNow(plan, setting));
  }

  /** Gives the device a setting that will be asked for, where probing it is one pass: there is no more than a pass of it on the host. */
  begin(plan: TrialPlan, setting: TrialSetting): void {
    const options = this.#probing(plan, setting, [...setting.addresses.keys()]);
    if (!this.#options.trainings.probesAhead || options.allocate) return;
    if (tokensOfPass(probeBatches(plan.prepared.queries, options, true)) === undefined) return;
    this.#ahead.begin(ownAddress(setting), () => this.#probeNow(plan, setting));
  }

  /** Forgets what has begun of a setting. */
  abandon(setting: TrialSetting): void {
    void this.#ahead.take(ownAddress(setting));
  }

  /** Waits for what has begun and nobody has asked for, and forgets it. */
  settle(): Promise<void> {
    return this.#ahead.settle();
  }

  /** Probes finished settings of a trial once more under one token, those that diverge left out. */
  async probeAgain(
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

  async #probeNow(plan: TrialPlan, setting: TrialSetting): Promise<ProbedByToken> {
    const model = await this.#options.loadModel(plan.trial);
    const options = this.#probing(plan, setting, [...setting.addresses.keys()]);
    return await probeByToken(model, setting.setting, plan.prepared, options, (more) =>
      this.advance(plan, setting, more),
    );
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
}
