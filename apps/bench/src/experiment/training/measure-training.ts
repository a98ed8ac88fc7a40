import { DivergedError, type LearnerResult } from '@icl-gd/methods';
import type { Model } from '@icl-gd/transformer';
import type { z } from 'zod';
import type { CellAddress } from '../cell.ts';
import { trialName } from '../plan.ts';
import type { ExpectedTraining, Trainings } from '../lockstep/trainings.ts';
import type { TakingIn } from '../take-in.ts';
import type { Tally } from '../tally.ts';
import { type TrialPlan, ownAddress, unitsOf } from '../trial-plan.ts';
import type { TrialSetting } from '../trial-setting.ts';
import { type TrainingMeasures, trainedCell, trainedSettings, weightPairsCell } from './cells.ts';
import {
  type GradientNormsRecord,
  type WeightPairsRecord,
  gradientNormsRecord,
  precisionRecord,
  weightPairsRecord,
} from './training-record.ts';
import { type KeyValueChange, changeCosine, keyValueChange, precisionOf } from './weight-changes.ts';

/** Weight changes of learners that are in the host's memory at once, at most; one always is. */
const HELD_BYTES = 4 * 2 ** 30;

/** What training once more needs of the run. */
interface TrainingWork {
  readonly measures: TrainingMeasures;
  readonly tally: Tally;
  readonly layers: number;
  /** Whether a sound record is there that may be taken. */
  readonly readable: (address: CellAddress, schema: z.ZodType) => Promise<boolean>;
  readonly write: (address: CellAddress, result: unknown) => Promise<void>;
  readonly loadModel: (trial: TrialPlan['trial']) => Promise<Model>;
  readonly trainings: Trainings;
  /** Told of demonstrations trained on. */
  readonly onWork: (units: number, doing: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** As {@link HELD_BYTES}; no number depends on it. */
  readonly heldBytes?: number;
}

/** Units of work of a trial: demonstrations trained on, as often as they are, for each setting that is trained. */
export function trainingUnits(plan: TrialPlan, { weightChanges, gradientNorms }: TrainingMeasures): number {
  if (!weightChanges && !gradientNorms) return 0;
  return trainedSettings(plan).reduce(
    (sum, setting) => sum + unitsOf(plan, setting) - plan.prepared.queries.length,
    0,
  );
}

/**
 * Measures what of a trial's trainings is not on record. Nothing of a training is kept where a setting is probed, since weights
 * of all settings together are too large: each is trained once more, which takes little beside the probing of its queries.
 * @param finished the settings that did not diverge
 * @returns whether all was recorded already
 */
export async function measureTraining(
  plan: TrialPlan,
  finished: readonly TrialSetting[],
  work: TrainingWork,
): Promise<boolean> {
  const trainings = work.trainings.beside([]);
  try {
    const measurement = new Measurement(plan, { ...work, trainings });
    const recorded = await measurement.run(
      trainedSettings(plan).filter((setting) => finished.includes(setting)),
    );
    measurement.finish();
    return recorded;
  } finally {
    trainings.dispose();
  }
}

/** By layer. */
type HeldChange = readonly KeyValueChange[];

class Measurement {
  readonly #plan: TrialPlan;
  readonly #work: TrainingWork;
  readonly #units: number;
  #done = 0;

  constructor(plan: TrialPlan, work: TrainingWork) {
    this.#plan = plan;
    this.#work = work;
    this.#units = trainingUnits(plan, work.measures);
  }

  async run(settings: readonly TrialSetting[]): Promise<boolean> {
    const { measures, readable, write, tally, heldBytes = HELD_BYTES } = this.#work;
    const lacking: TrialSetting[] = [];
    for (const setting of settings) if (await this.#lacks(setting)) lacking.push(setting);
    const pairs = measures.weightChanges && settings.length > 1 ? weightPairsCell(settings) : undefined;
    if (pairs) tally.ask(pairs);
    if (!pairs || (await readable(pairs, weightPairsRecord))) {
      await this.#expect(lacking);
      for (const setting of lacking) await this.#measure(setting);
      return lacking.length === 0;
    }
    tally.compute(pairs);
    const found: WeightPairsRecord['pairs'] = [];
    let rest = settings;
    // As many as there is room for are held and compared with all after them; those that were not held come next.
    while (rest.length > 0) {
      const held = new Map<TrialSetting, HeldChange>();
      const over = new Set<TrialSetting>();
      let bytes = 0;
      await this.#expect(rest);
      for (const setting of rest) {
        const own = await this.#measure(setting);
        if (!own) {
          over.add(setting);
          continue;
        }
        for (const [other, change] of held)
          found.push({
            ids: [other.id, setting.id],
            values: own.map((layer, i) => changeCosine(change[i] as KeyValueChange, layer)),
          });
        const size = sizeOf(own);
        if (held.size > 0 && bytes + size > heldBytes) continue;
        held.set(setting, own);
        over.add(setting);
        bytes += size;
      }
      rest = rest.filter((setting) => !over.has(setting));
    }
    await write(pairs, { pairs: found });
    return false;
  }

  /** Reports what is left of the work. */
  finish(): void {
    this.#advance(this.#units);
  }

  /** No more than was announced: what is trained several times counts once. */
  #advance(units: number): void {
    const more = Math.min(units, this.#units - this.#done);
    this.#done += more;
    if (more > 0) this.#work.onWork(more, `${trialName(this.#plan.trial)} weights`);
  }

  /** Whether something that is asked for of a setting is not on record. */
  async #lacks(setting: TrialSetting): Promise<boolean> {
    let lacks = false;
    for (const [address, schema] of this.#wanted(setting)) {
      this.#work.tally.ask(address);
      lacks = !(await this.#work.readable(address, schema)) || lacks;
    }
    return lacks;
  }

  #wanted(setting: TrialSetting): [CellAddress, z.ZodType][] {
    const { weightChanges, gradientNorms } = this.#work.measures;
    return [
      ...(weightChanges
        ? [[trainedCell(setting, 'weights'), precisionRecord] as [CellAddress, z.ZodType]]
        : []),
      ...(gradientNorms
        ? [[trainedCell(setting, 'gradient-norms'), gradientNormsRecord] as [CellAddress, z.ZodType]]
        : []),
    ];
  }

  /** Those that are told of every step are trained one by one. */
  async #expect(settings: readonly TrialSetting[]): Promise<void> {
    const expected: ExpectedTraining[] = [];
    for (const setting of settings)
      if (!(await this.#wantsNorms(setting))) expected.push(this.#trainingOf(setting));
    this.#work.trainings.expect(expected);
  }

  async #wantsNorms(setting: TrialSetting): Promise<boolean> {
    const { measures, readable } = this.#work;
    return (
      Boolean(measures.gradientNorms) &&
      !(await readable(trainedCell(setting, 'gradient-norms'), gradientNormsRecord))
    );
  }

  #trainingOf(setting: TrialSetting): ExpectedTraining {
    const { trial, prepared } = this.#plan;
    const how: TakingIn = { learningRate: ownAddress(setting).cell.learningRate ?? trial.learningRate };
    return { setting: setting.setting, prepared, how, onWork: (units) => this.#advance(units) };
  }

  /** Trains a setting and records what of it is not on record. @returns what it changed of keys and values, if it tells */
  async #measure(setting: TrialSetting): Promise<HeldChange | undefined> {
    const { measures, layers, readable, write, tally } = this.#work;
    const norms = trainedCell(setting, 'gradient-norms');
    const wantsNorms = await this.#wantsNorms(setting);
    const adapted = await this.#train(setting, wantsNorms);
    try {
      if (wantsNorms) {
        tally.compute(norms);
        await write(norms, toRecord(adapted.training ?? []));
      }
      if (!measures.weightChanges) return undefined;
      const precision: unknown[] = [];
      const held: KeyValueChange[] = [];
      for (let layer = 0; adapted.weightChanges && layer < layers; layer++) {
        const changes = await adapted.weightChanges(layer);
        precision.push(precisionOf(changes));
        held.push(keyValueChange(changes));
      }
      const weights = trainedCell(setting, 'weights');
      if (!(await readable(weights, precisionRecord))) {
        tally.compute(weights);
        await write(weights, { precision });
      }
      return adapted.weightChanges ? held : undefined;
    } finally {
      adapted.dispose();
    }
  }

  async #train(setting: TrialSetting, gradientNormVariants: boolean): Promise<LearnerResult> {
    const { loadModel, trainings, signal } = this.#work;
    const { setting: own, prepared, how, onWork } = this.#trainingOf(setting);
    const told = { ...how, gradientNormVariants, signal };
    try {
      return await trainings.takeIn(await loadModel(this.#plan.trial), own, prepared, told, onWork);
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      throw new Error(`${setting.id} diverged where it did not before: the device gives other numbers`, {
        cause: error,
      });
    }
  }
}

/** The first and the last step, as far as they have variants. */
function toRecord(training: NonNullable<LearnerResult['training']>): GradientNormsRecord {
  const last = training.length - 1;
  return {
    steps: training.flatMap(({ gradientNormVariants }, step) =>
      gradientNormVariants && (step === 0 || step === last)
        ? [
            {
              step,
              variants: gradientNormVariants.map((variant) => ({ ...variant, norms: [...variant.norms] })),
            },
          ]
        : [],
    ),
  };
}

function sizeOf(change: HeldChange): number {
  return change.reduce(
    (sum, layer) => [...layer.values()].reduce((total, { byteLength }) => total + byteLength, sum),
    0,
  );
}
