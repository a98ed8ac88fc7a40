import {
  type LearnerSetting,
  adaptTogether,
  lockstepOf,
  needsOf,
  settingId,
  trainingPasses,
} from '@icl-gd/methods';
import type { Lockstep } from '../lockstep/trainings.ts';
import { type TakeIn, takeIn } from '../take-in.ts';
import { NOTHING, type Spent, sum, timed, times, without } from './spent.ts';
import { type Trainings, stepsOf, tokensOf, tokensOfContext } from './work.ts';

interface Measured extends Trainings {
  readonly spent: Spent;
}

/** What a training takes, whatever its length, and each of its tokens. */
interface Line {
  readonly once: Spent;
  readonly perToken: Spent;
}

const UNMEASURED: Measured = { spent: NOTHING, count: 0, tokens: 0 };

/** Taking in demonstrations as it is, and how long it takes: trainings by their kind, and contexts. */
export class TimedTraining implements Lockstep {
  readonly #trainings = new Map<string, Measured>();
  readonly #lines = new Map<string, Line>();
  #contexts = UNMEASURED;

  of = lockstepOf;

  async adaptTogether(...args: Parameters<Lockstep['adaptTogether']>): ReturnType<Lockstep['adaptTogether']> {
    const [learner, , cells] = args;
    const [spent, outcomes] = await timed(() => adaptTogether(...args));
    const passes = ({ options }: (typeof cells)[number]): number =>
      trainingPasses({ learner, options: (options.learnerOptions ?? {}) as LearnerSetting['options'] });
    const tokens = cells.reduce((all, own) => all + passes(own) * tokensOf(own.demonstrations), 0);
    this.#add(learner.id, { spent, count: cells.length, tokens });
    return outcomes;
  }

  readonly takeIn: TakeIn = async (model, setting, prepared, how, onWork) => {
    const [spent, adapted] = await timed(async () => {
      const own = await takeIn(model, setting, prepared, how, onWork);
      // Contexts are recorded and not waited for.
      await model.gpu.finish();
      return own;
    });
    const { tokens } = stepsOf(setting, prepared);
    if (tokens > 0) {
      const kind = `${settingId(setting)}${how.gradientNormVariants ? ' with norms' : ''}`;
      this.#add(kind, { spent, count: 1, tokens });
    } else if (needsOf(setting) === 'context')
      this.#contexts = add(this.#contexts, { spent, count: 1, tokens: tokensOfContext(setting, prepared) });
    return adapted;
  };

  /** All that was spent on taking in. */
  get spent(): Spent {
    return sum(this.#contexts.spent, ...[...this.#trainings.values()].map(({ spent }) => spent));
  }

  /** What trainings will take; those of a kind that was not measured as the others did. */
  trainingOf(trainings: ReadonlyMap<string, Trainings>): Spent {
    const all = [...this.#trainings.values()].reduce(add, UNMEASURED);
    return sum(
      ...[...trainings].map(([kind, { count, tokens }]) => {
        const { once, perToken } = this.#lines.get(kind) ?? inProportion(this.#trainings.get(kind) ?? all);
        return sum(times(once, count), times(perToken, tokens));
      }),
    );
  }

  /** What contexts will take. */
  contextsOf(tokens: number): Spent {
    return times(inProportion(this.#contexts).perToken, tokens);
  }

  /** What is measured of trainings meanwhile. */
  async during(work: () => Promise<void>): Promise<ReadonlyMap<string, Measured>> {
    const before = new Map(this.#trainings);
    this.#trainings.clear();
    await work();
    const own = new Map(this.#trainings);
    for (const [kind, measured] of before) this.#add(kind, measured);
    return own;
  }

  /** Goes by trainings of two lengths from now on: what a training takes once shows where few steps are measured. */
  fit(short: ReadonlyMap<string, Measured>, long: ReadonlyMap<string, Measured>): void {
    for (const [kind, own] of long) {
      const less = short.get(kind);
      if (!less || less.count !== own.count || less.tokens >= own.tokens) continue;
      const perToken = times(without(own.spent, less.spent), 1 / (own.tokens - less.tokens));
      const once = times(without(own.spent, times(perToken, own.tokens)), 1 / own.count);
      this.#lines.set(kind, { once, perToken });
    }
  }

  forget(): void {
    this.#trainings.clear();
    this.#contexts = UNMEASURED;
  }

  #add(kind: string, more: Measured): void {
    this.#trainings.set(kind, add(this.#trainings.get(kind) ?? UNMEASURED, more));
  }
}

function add(a: Measured, b: Measured): Measured {
  return { spent: sum(a.spent, b.spent), count: a.count + b.count, tokens: a.tokens + b.tokens };
}

function inProportion({ spent, tokens }: Measured): Line {
  return { once: NOTHING, perToken: tokens === 0 ? NOTHING : times(spent, 1 / tokens) };
}
