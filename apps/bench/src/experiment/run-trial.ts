import type { Probe, ProbeToken } from '@icl-gd/methods';
import { CellRecords } from './cell-records.ts';
import type { ExpectedTraining } from './lockstep/trainings.ts';
import { NOISE_FLOOR_PASSES, measureNoiseFloor } from './noise-floor.ts';
import { trialName } from './plan.ts';
import type { SettingRecord } from './record.ts';
import { scoreAll } from './score-all.ts';
import { type Scored, SettingScores } from './setting-scores.ts';
import { measureTraining } from './training/measure-training.ts';
import { trainingAttentionRecord } from './training-attention/record.ts';
import { recordTrainingAttention } from './training-attention/record-trial.ts';
import { type TrialPair, type TrialPlan, ownAddress, settingsOf, unitsOf } from './trial-plan.ts';
import { TrialProbing } from './trial-probing.ts';
import type { TrialRunnerOptions } from './trial-runner-options.ts';
import type { TrialSetting } from './trial-setting.ts';

/** What became of a trial. */
export interface TrialOutcome {
  /** By setting. */
  readonly records: ReadonlyMap<string, SettingRecord>;
  /** Whether everything was there already. */
  readonly recorded: boolean;
}

/** Computes what is missing of trials, one after another; trials of one dataset share zero-shot. */
export class TrialRunner {
  readonly #options: TrialRunnerOptions;
  readonly #records: CellRecords;
  readonly #probing: TrialProbing;
  readonly #scores: SettingScores;

  constructor(options: TrialRunnerOptions) {
    this.#options = options;
    this.#records = new CellRecords(options);
    this.#probing = new TrialProbing(options);
    this.#scores = new SettingScores(options, this.#records, (plan, setting) => this.#compute(plan, setting));
  }

  /** Says which trials of one model come next: what learners take in there may be taken in together. */
  async expect(plans: readonly TrialPlan[]): Promise<void> {
    const expected = new Map<string, ExpectedTraining>();
    for (const plan of plans)
      for (const setting of settingsOf(plan)) {
        const { key } = ownAddress(setting);
        if (expected.has(key) || (await this.#records.isThere(plan, setting))) continue;
        expected.set(key, this.#probing.expected(plan, setting));
      }
    this.#options.trainings.expect([...expected.values()]);
  }

  /** @param next the trial that will be run after it on the same model, if there is one: the device begins it while scores are computed */
  async run(plan: TrialPlan, next?: TrialPlan): Promise<TrialOutcome> {
    try {
      return await this.#run(plan, next);
    } catch (error) {
      await this.#probing.settle();
      throw error;
    } finally {
      // Where the model itself overflows nobody has asked for it.
      this.#probing.abandon(plan.inContext);
      // What is computed is not lost by what went wrong after it.
      await this.#scores.settle();
      this.#options.trainings.forget(plan.prepared);
    }
  }

  async #run(plan: TrialPlan, next: TrialPlan | undefined): Promise<TrialOutcome> {
    this.#scores.begin(plan);
    const computed = new Map<string, Scored>();
    let recorded = true;
    let broken: Scored | undefined;
    for (const setting of settingsOf(plan)) {
      this.#options.tally.ask(ownAddress(setting));
      if (broken) {
        // The model itself overflows: no learner has anything to be compared with.
        computed.set(setting.id, broken);
        continue;
      }
      const earlier = await this.#records.of(plan, setting);
      const there = earlier ?? (await this.#scores.rescore(plan, setting));
      const own = there ? { status: there.status, record: there } : await this.#compute(plan, setting);
      if (!earlier) recorded = false;
      this.#probing.advance(plan, setting, Infinity);
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

  /** Computes a setting under all its probe tokens; it is scored and recorded beside what comes next. */
  async #compute(plan: TrialPlan, setting: TrialSetting): Promise<Scored> {
    this.#options.tally.compute(ownAddress(setting));
    const probed = await this.#probing.probe(plan, setting);
    const scored: Scored[] = [];
    for (const [token, own] of probed) scored.push(await this.#scores.score(plan, setting, token, own));
    this.#scores.dropUnneeded(plan, setting);
    return scored[0] as Scored;
  }

  /** Gives the device what the next trial needs in context. */
  async #lookAhead(next: TrialPlan): Promise<void> {
    if (!(await this.#records.isThere(next, next.inContext))) this.#probing.begin(next, next.inContext);
  }

  /** @returns whether it was recorded already */
  async #comparePair(plan: TrialPlan, { ids, settings, addresses }: TrialPair): Promise<boolean> {
    let recorded = true;
    for (const [token, address] of addresses) {
      if (await this.#records.isReadable(address, plan.records.pair)) continue;
      recorded = false;
      const probes = {
        first: await this.#scores.probesAt(plan, settings[0], token),
        second: await this.#scores.probesAt(plan, settings[1], token),
        zsl: await this.#scores.probesAt(plan, plan.zeroShot, token),
      };
      const { config: shape, scoring } = this.#options;
      const comparison = { of: 'pair', ids } as const;
      const { metrics, trial } = plan;
      const work = { comparison, probes, shape, metrics, seed: trial.seed };
      await this.#records.write(address, { metrics: await scoring.records(work) });
    }
    return recorded;
  }

  /** @returns whether it was recorded already */
  async #measureNoise(plan: TrialPlan, records: TrialOutcome['records']): Promise<boolean> {
    const units = NOISE_FLOOR_PASSES * settingsOf(plan).reduce((sum, own) => sum + unitsOf(plan, own), 0);
    this.#options.tally.ask(plan.noise);
    if (await this.#records.isReadable(plan.noise, plan.records.noise)) {
      this.#options.onWork(units, trialName(plan.trial));
      return true;
    }
    this.#options.tally.compute(plan.noise);
    const token = [...plan.zeroShot.addresses.keys()][0] as ProbeToken;
    const finished = this.#finished(settingsOf(plan), records);
    const probes = new Map<string, readonly Probe[]>();
    for (const setting of finished) probes.set(setting.id, await this.#scores.probesAt(plan, setting, token));
    const noise = await measureNoiseFloor({
      model: await this.#options.loadModel(plan.trial),
      probes,
      score: (own) => scoreAll(plan, own, this.#options.config),
      probeAgain: (model, halfWeights) =>
        this.#probing.probeAgain(model, plan, finished, { token, halfWeights }),
    });
    await this.#records.write(plan.noise, { noise });
    return false;
  }

  /** @returns whether it was recorded already */
  #measureAttention(plan: TrialPlan, records: TrialOutcome['records']): Promise<boolean> {
    return recordTrainingAttention(plan, (id) => records.get(id)?.status === 'finished', {
      ...this.#options,
      isReadable: (address) => this.#records.isReadable(address, trainingAttentionRecord),
      write: (address, record) => this.#records.write(address, record),
      loadModel: () => this.#options.loadModel(plan.trial),
    });
  }

  /** @returns whether it was recorded already */
  #measureTraining(plan: TrialPlan, records: TrialOutcome['records']): Promise<boolean> {
    const { training: measures = {}, config, ...options } = this.#options;
    return measureTraining(plan, this.#finished(plan.methods, records), {
      ...{ ...options, measures, layers: config.layers },
      readable: (address, schema) => this.#records.isReadable(address, schema),
      write: (address, result) => this.#records.write(address, result),
    });
  }

  #finished(settings: readonly TrialSetting[], records: TrialOutcome['records']): TrialSetting[] {
    return settings.filter(({ id }) => records.get(id)?.status === 'finished');
  }
}
