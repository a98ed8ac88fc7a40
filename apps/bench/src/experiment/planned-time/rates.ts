import { NOTHING, type Spent, over, sum, times } from './spent.ts';
import type { TimedTraining } from './timed-training.ts';
import type { Work } from './work.ts';

/** What a run takes, by what was measured of it. Queries with their scores and all that is recorded of them. */
export class Rates {
  readonly #training: TimedTraining;
  readonly #perToken: { readonly alone: Spent; readonly behind: Spent };
  /** As a share of what queries of trials take. */
  noise = NOTHING;
  development = NOTHING;
  /** Of a training whose weights or gradients are looked at, beside the training. */
  again = NOTHING;

  /** @param perToken of queries, alone and behind a context */
  constructor(training: TimedTraining, perToken: { readonly alone: Spent; readonly behind: Spent }) {
    this.#training = training;
    this.#perToken = perToken;
  }

  /** Of taking in demonstrations, in context and by training. */
  takingIn({ trainings, contextTokens }: Work): Spent {
    return sum(this.#training.trainingOf(trainings), this.#training.contextsOf(contextTokens));
  }

  queries({ queryTokens: { alone, behind } }: Work): Spent {
    return sum(times(this.#perToken.alone, alone), times(this.#perToken.behind, behind));
  }

  all(work: Work): Spent {
    return sum(this.takingIn(work), this.queries(work));
  }

  /** Share that a time is of what queries of trials would take. */
  shareOfQueries(spent: Spent, work: Work): Spent {
    return over(spent, this.queries(work));
  }
}
