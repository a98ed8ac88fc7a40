import {
  type LearnerSetting,
  type Probe,
  type ProbeToken,
  inContext,
  settingId,
  zeroShot,
} from '@icl-gd/methods';
import type { Model } from '@icl-gd/transformer';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { type CellAddress, type PreparedDigests, type RunIdentity, digestPrepared } from '../cell.ts';
import type { ExpectedTraining, Trainings } from '../lockstep/trainings.ts';
import type { RecordStore } from '../record-store.ts';
import { unitsOfSetting } from '../setting.ts';
import type { Tally } from '../tally.ts';
import { type DevelopmentRecord, developmentCell, developmentRecordOf } from './development-record.ts';
import { type ProbedDevelopment, measureDevelopment } from './measure-development.ts';
import { outcomeOf } from './outcome.ts';
import type { SeedOutcome } from './rate-point.ts';

/** What development data is measured with, whatever the dataset. */
export interface DevelopmentWork {
  readonly identity: RunIdentity;
  readonly store: RecordStore;
  readonly tally: Tally;
  /** Recorded in the same forward passes; the run's own first. */
  readonly probeTokens: readonly ProbeToken[];
  readonly tokenBudget?: number | undefined;
  /** Compute every cell once more, whatever records exist. */
  readonly fresh: boolean;
  /** Keys of records written since `fresh` was asked for; added to. */
  readonly written: Set<string>;
  readonly loadModel: () => Promise<Model>;
  readonly trainings: Trainings;
  readonly onWork: (units: number, doing: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A setting at a rate, as far as it was measured. */
export interface MeasuredSetting {
  readonly method: string;
  readonly learningRate: number | null;
  readonly seeds: readonly SeedOutcome[];
}

type Prepared = readonly [PreparedRun, PreparedDigests];
type Addresses = ReadonlyMap<ProbeToken, CellAddress>;
type ProbesByToken = ReadonlyMap<ProbeToken, readonly Probe[] | undefined>;

export const ZERO_SHOT: LearnerSetting = { learner: zeroShot, options: {} };
export const IN_CONTEXT: LearnerSetting = { learner: inContext, options: {} };

/** Settings of one dataset on its development examples: from records, else computed and recorded. */
export class DevelopmentCells {
  readonly #work: DevelopmentWork;
  readonly #runs: readonly Prepared[];
  readonly #measured = new Map<string, MeasuredSetting>();
  /** By key: zero-shot is asked for with everything else. */
  readonly #records = new Map<string, DevelopmentRecord>();
  /** Of the baselines, by key of their record. */
  readonly #probes = new Map<string, ProbesByToken>();

  constructor(work: DevelopmentWork, runs: readonly PreparedRun[]) {
    this.#work = work;
    this.#runs = runs.map((run) => [run, digestPrepared(run)]);
  }

  /** All that was asked for, each once, in the order in which it was. */
  get measured(): readonly MeasuredSetting[] {
    return [...this.#measured.values()];
  }

  /** What was measured of a setting; undefined if nothing was. */
  known(setting: LearnerSetting, learningRate: number | null): readonly SeedOutcome[] | undefined {
    return this.#measured.get(measuredKey(setting, learningRate))?.seeds;
  }

  /** Trainings that measuring a setting takes. */
  expected(setting: LearnerSetting, learningRate: number | null): ExpectedTraining[] {
    return this.#runs.flatMap(([prepared], i) =>
      this.#isRecorded(this.#addresses(setting, learningRate, i))
        ? []
        : [
            {
              setting: { ...setting, demonstrations: {} },
              ...{ prepared, how: { learningRate } },
              onWork: (units) => this.#work.onWork(units, this.#name(setting, learningRate, prepared)),
            },
          ],
    );
  }

  /** A setting on every development seed. @param learningRate null for what takes none */
  async measure(setting: LearnerSetting, learningRate: number | null): Promise<readonly SeedOutcome[]> {
    const method = settingId(setting);
    const key = measuredKey(setting, learningRate);
    const known = this.#measured.get(key);
    if (known) return known.seeds;
    const seeds: SeedOutcome[] = [];
    for (const [i, [{ seed, gold }]] of this.#runs.entries()) {
      this.#work.signal?.throwIfAborted();
      const zsl = await this.#record(ZERO_SHOT, null, i);
      // Where the model itself overflows there is nothing to compare with.
      const own = zsl.status === 'diverged' ? zsl : await this.#record(setting, learningRate, i);
      if (own.status === 'diverged' || zsl.status === 'diverged') {
        const { message } = own as Extract<DevelopmentRecord, { status: 'diverged' }>;
        seeds.push({ status: 'diverged', seed, message });
        continue;
      }
      const { simaou, simamDelta } = own;
      seeds.push({ status: 'finished', seed, outcome: outcomeOf(own, zsl, gold), simaou, simamDelta });
    }
    this.#measured.set(key, { method, learningRate, seeds });
    return seeds;
  }

  async #record(setting: LearnerSetting, learningRate: number | null, i: number): Promise<DevelopmentRecord> {
    const addresses = this.#addresses(setting, learningRate, i);
    const { key } = ownOf(addresses);
    const known = this.#records.get(key);
    if (known) return known;
    const record =
      (await this.#recorded(setting, learningRate, i)) ?? (await this.#compute(setting, learningRate, i));
    this.#records.set(key, record);
    return record;
  }

  async #recorded(
    setting: LearnerSetting,
    learningRate: number | null,
    i: number,
  ): Promise<DevelopmentRecord | undefined> {
    const { store, tally, onWork } = this.#work;
    const [run] = this.#runs[i] as Prepared;
    const addresses = this.#addresses(setting, learningRate, i);
    const own = ownOf(addresses);
    tally.ask(own);
    if (!this.#isRecorded(addresses)) return undefined;
    const record = await store.read(own, developmentRecordOf(run.queries));
    if (record) onWork(unitsOf(setting, run), this.#name(setting, learningRate, run));
    return record;
  }

  #isRecorded(addresses: Addresses): boolean {
    const { store, fresh, written } = this.#work;
    return [...addresses.values()].every((own) => (fresh ? written.has(own.key) : store.has(own)));
  }

  async #compute(
    setting: LearnerSetting,
    learningRate: number | null,
    i: number,
  ): Promise<DevelopmentRecord> {
    const { store, tally, written, onWork } = this.#work;
    const addresses = this.#addresses(setting, learningRate, i);
    const own = ownOf(addresses);
    tally.compute(own);
    const measured = await this.#probe(setting, learningRate, i, onWork);
    for (const [token, address] of addresses) {
      await store.write(address, (measured.get(token) as ProbedDevelopment).record);
      written.add(address.key);
    }
    return (measured.get(own.cell.probe) as ProbedDevelopment).record;
  }

  async #probe(
    setting: LearnerSetting,
    learningRate: number | null,
    i: number,
    tell: DevelopmentWork['onWork'],
  ): Promise<ReadonlyMap<ProbeToken, ProbedDevelopment>> {
    const { probeTokens, tokenBudget, signal, loadModel, trainings } = this.#work;
    const budget = tokenBudget === undefined ? {} : { tokenBudget };
    const [run] = this.#runs[i] as Prepared;
    const alone = setting === ZERO_SHOT;
    const isBaseline = alone || setting === IN_CONTEXT;
    const zsl = alone ? undefined : await this.#baseline(ZERO_SHOT, i);
    const icl = isBaseline ? undefined : await this.#baseline(IN_CONTEXT, i);
    const doing = this.#name(setting, learningRate, run);
    const measured = await measureDevelopment(
      await loadModel(),
      setting,
      run,
      { probeTokens, signal, learningRate, takeIn: trainings.takeIn, ...budget },
      {
        against: (token) => ({ zsl: zsl?.get(token), icl: icl?.get(token) }),
        onWork: (units) => tell(units, doing),
      },
    );
    if (isBaseline) {
      const { key } = ownOf(this.#addresses(setting, null, i));
      this.#probes.set(key, new Map([...measured].map(([token, own]) => [token, own.probes])));
    }
    return measured;
  }

  /** Probes that are held, else computed once more: of development data none are kept on disk. */
  async #baseline(setting: LearnerSetting, i: number): Promise<ProbesByToken> {
    const { key } = ownOf(this.#addresses(setting, null, i));
    if (!this.#probes.has(key)) await this.#probe(setting, null, i, () => {});
    return this.#probes.get(key) as ProbesByToken;
  }

  #addresses(setting: LearnerSetting, learningRate: number | null, i: number): Addresses {
    const { identity, probeTokens } = this.#work;
    const [run, digests] = this.#runs[i] as Prepared;
    return new Map(
      probeTokens.map((token) => [
        token,
        developmentCell(identity, run, digests, { setting, learningRate }, token),
      ]),
    );
  }

  #name(setting: LearnerSetting, learningRate: number | null, { dataset, seed }: PreparedRun): string {
    const rate = learningRate === null ? '' : ` at ${learningRate}`;
    return `development ${dataset} seed ${seed} ${settingId(setting)}${rate}`;
  }
}

/** Work of a setting on a trial's own demonstrations. */
export function unitsOf(setting: LearnerSetting, run: PreparedRun): number {
  return unitsOfSetting({ ...setting, demonstrations: {} }, run);
}

function measuredKey(setting: LearnerSetting, learningRate: number | null): string {
  return JSON.stringify([settingId(setting), learningRate]);
}

function ownOf(addresses: Addresses): CellAddress {
  return [...addresses.values()][0] as CellAddress;
}
