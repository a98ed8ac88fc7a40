import {
  type AdaptedCell,
  DivergedError,
  type Learner,
  type LearnerResult,
  type LearnerSetting,
  adaptTogether,
  lockstepOf,
  trainingPasses,
} from '@icl-gd/methods';
import type { LongRunning, Model } from '@icl-gd/transformer';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { type RunSetting, demonstrationsFor, runSettingId } from '../setting.ts';
import { type OnWork, type TakeIn, type TakingIn, adaptOptionsOf, requireSteps, takeIn } from '../take-in.ts';
import { JointProbes, type ProbeTogether } from './joint-probes.ts';
import type { Room } from './room.ts';

/** A training that is to come. */
export interface ExpectedTraining {
  readonly setting: RunSetting;
  readonly prepared: PreparedRun;
  readonly how: TakingIn;
  /** Told of demonstrations trained on, also before it is asked for. */
  readonly onWork: OnWork;
}

/** How cells train: `@icl-gd/methods`, but for tests and where it is timed. */
export interface Lockstep {
  /** What settings of a learner have in common that train together; undefined of those that train one by one. */
  of(setting: LearnerSetting): string | undefined;
  adaptTogether(
    learner: Learner,
    model: Model,
    cells: readonly AdaptedCell[],
    options: LongRunning,
  ): Promise<readonly (LearnerResult | DivergedError)[]>;
  readonly probeTogether?: ProbeTogether;
  /** How a cell takes in its demonstrations by itself; as always if absent. */
  readonly takeIn?: TakeIn;
}

const LOCKSTEP: Lockstep = { of: lockstepOf, adaptTogether };

interface Waiting extends ExpectedTraining {
  readonly id: string;
  /** What those have in common that can train together. */
  readonly kind: string;
  /** Once it is trained. */
  outcome?: LearnerResult | DivergedError;
}

/**
 * Trainings of one model that are expected. Where one is asked for, those of its kind that come next are trained together with it,
 * as many as there is room for, and held on the device until they are asked for, and so are they probed. No number depends on it.
 */
export class Trainings {
  readonly #room: Room;
  readonly #lockstep: Lockstep;
  readonly #takeInAlone: TakeIn;
  readonly #probes: JointProbes;
  #model: Model | undefined;
  #waiting: readonly Waiting[] = [];
  #kinds = 0;

  constructor(room: Room, lockstep: Lockstep = LOCKSTEP) {
    this.#room = room;
    this.#lockstep = lockstep;
    this.#takeInAlone = lockstep.takeIn ?? takeIn;
    this.#probes = new JointProbes(() => room.probed, lockstep.probeTogether);
  }

  /** Says what of one model will be asked for, in its order. What was expected before is not any more. */
  expect(expected: readonly ExpectedTraining[]): void {
    this.dispose();
    this.#waiting = expected.flatMap((own) => {
      const kind = this.#kindOf(own);
      return kind === undefined ? [] : [{ ...own, kind, id: idOf(own) }];
    });
    this.#kinds = new Set(this.#waiting.map(({ kind }) => kind)).size;
  }

  /** Whether memory has room for what is probed before it is asked for. */
  get probesAhead(): boolean {
    return this.#room.probed > 1;
  }

  /** Others, of another model or beside these, in what room these leave; to be disposed. */
  beside(expected: readonly ExpectedTraining[]): Trainings {
    const others = new Trainings(this.#room, this.#lockstep);
    others.expect(expected);
    return others;
  }

  /** Takes in what was expected or not. */
  readonly takeIn: TakeIn = async (model, setting, prepared, { signal, ...how }, onWork) => {
    const id = idOf({ setting, how });
    const own = this.#waiting.find((other) => other.prepared === prepared && other.id === id);
    if (!own || (this.#model ??= model) !== model)
      return await this.#takeInAlone(model, setting, prepared, { ...how, signal }, onWork);
    if (!own.outcome) await this.#train(model, own, signal);
    const outcome = this.#take(own);
    if (outcome instanceof DivergedError) throw outcome;
    requireSteps(setting.learner.id, outcome);
    return this.#probes.of({ adapted: outcome, prepared }, () =>
      this.#waiting
        .filter(isHeld)
        .map(({ outcome: adapted, prepared: ofOther }) => ({ adapted, prepared: ofOther })),
    );
  };

  /** Takes back what was expected of a trial. */
  forget(prepared: PreparedRun): void {
    this.#remove((own) => own.prepared === prepared);
  }

  /** Frees what is held. Nothing is expected any more. */
  dispose(): void {
    this.#remove(() => true);
    this.#model = undefined;
  }

  async #train(model: Model, first: Waiting, signal: AbortSignal | undefined): Promise<void> {
    const { learner } = first.setting;
    const next = this.#waiting.filter(
      (other) => other !== first && other.outcome === undefined && other.kind === first.kind,
    );
    const together = [first, ...next].slice(0, this.#room.trainings(this.#kinds));
    const cells = together.map(({ setting, prepared, how }) => ({
      demonstrations: demonstrationsFor(setting, prepared),
      options: adaptOptionsOf(setting, prepared, how),
    }));
    const share = new SharedWork(together);
    const following = {
      signal,
      onProgress: ({ finished, total }: { finished: number; total: number }) => share.tell(finished / total),
    };
    const outcomes = await this.#lockstep.adaptTogether(learner, model, cells, following);
    share.tell(1);
    for (const [i, own] of together.entries()) own.outcome = outcomes[i] as LearnerResult | DivergedError;
    this.#room.hold(together.filter(isHeld).length);
  }

  #take(own: Waiting): LearnerResult | DivergedError {
    const { outcome } = own;
    if (!outcome) throw new Error(`${own.id} was not trained`);
    this.#waiting = this.#waiting.filter((other) => other !== own);
    if (isHeld(own)) this.#room.release(1);
    return outcome;
  }

  #remove(unwanted: (own: Waiting) => boolean): void {
    const removed = this.#waiting.filter(unwanted);
    this.#waiting = this.#waiting.filter((own) => !removed.includes(own));
    for (const own of removed.filter(isHeld)) {
      this.#probes.forget(own.outcome);
      own.outcome.dispose();
      this.#room.release(1);
    }
  }

  #kindOf({ setting, how }: ExpectedTraining): string | undefined {
    // What is told of every step is told of one training alone.
    if (how.releasedNorms || how.gradientNormVariants || how.keepTrainingQueries) return undefined;
    const kind = this.#lockstep.of(setting);
    return kind === undefined ? undefined : `${setting.learner.id} ${kind}`;
  }
}

function isHeld(own: Waiting): own is Waiting & { readonly outcome: LearnerResult } {
  return own.outcome !== undefined && !(own.outcome instanceof DivergedError);
}

/** Of trainings on the same demonstrations: whatever rule gave it, a rate is a rate. */
function idOf({ setting, how }: Pick<ExpectedTraining, 'setting' | 'how'>): string {
  const { rate: _, ...given } = setting;
  const { learningRate, releasedNorms = false, halfWeights = false } = how;
  const { gradientNormVariants = false, keepTrainingQueries = null } = how;
  const told = [learningRate, releasedNorms, halfWeights, gradientNormVariants, keepTrainingQueries];
  return JSON.stringify([runSettingId(given), ...told]);
}

/** Work of trainings that take their steps together, told to each of them. */
class SharedWork {
  readonly #parts: { readonly units: number; readonly onWork: OnWork; told: number }[];

  constructor(trainings: readonly ExpectedTraining[]) {
    this.#parts = trainings.map(({ setting, prepared, onWork }) => ({
      ...{ units: trainingPasses(setting) * demonstrationsFor(setting, prepared).length, told: 0 },
      onWork,
    }));
  }

  /** @param share of the whole that is done */
  tell(share: number): void {
    for (const part of this.#parts) {
      const done = Math.floor(share * part.units);
      if (done > part.told) part.onWork(done - part.told);
      part.told = Math.max(part.told, done);
    }
  }
}
