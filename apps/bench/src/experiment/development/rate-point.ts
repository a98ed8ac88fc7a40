import { mean } from '@icl-gd/metrics';

/** What development examples give under one setting and one choice of demonstrations, by example. */
export interface DevelopmentOutcome {
  /** −log q(gold), nats; q is the softmax over the options of their mean log-probabilities. */
  readonly goldNll: readonly number[];
  /** 1 where the prediction is right, else 0. */
  readonly correct: readonly number[];
  /** KL(q_ZSL ‖ q), nats. */
  readonly kl: readonly number[];
  /** ‖h − h_ZSL‖ / ‖h_ZSL‖ at the probed token, mean over layers. */
  readonly updateNorm: readonly number[];
}

/** One choice of demonstrations; `diverged` where training, or what the model computes, was not finite. */
export type SeedOutcome =
  | {
      readonly status: 'finished';
      readonly seed: number;
      readonly outcome: DevelopmentOutcome;
      /** Layer means against ICL, for curves alone: no rate is chosen by them. Null where undefined. */
      readonly simaou: number | null;
      readonly simamDelta: number | null;
    }
  | { readonly status: 'diverged'; readonly seed: number; readonly message: string };

/** A learner at one rate: one outcome a development seed. */
export interface RatePoint {
  readonly rate: number;
  readonly seeds: readonly SeedOutcome[];
}

/** A point of which every seed finished. */
export interface FinishedPoint {
  readonly rate: number;
  /** [seed]. */
  readonly outcomes: readonly DevelopmentOutcome[];
}

/** Computes a learner at a rate, or takes it from where it is known. */
export type EvaluateRate = (rate: number) => Promise<RatePoint>;

/** The point as far as a rate may be chosen by it; undefined if any of its seeds diverged. */
export function finishedPoint({ rate, seeds }: RatePoint): FinishedPoint | undefined {
  const outcomes = seeds.flatMap((own) => (own.status === 'finished' ? [own.outcome] : []));
  return outcomes.length === seeds.length ? { rate, outcomes } : undefined;
}

/** Mean over seeds and examples. */
export function meanOf({ outcomes }: Pick<FinishedPoint, 'outcomes'>, of: keyof DevelopmentOutcome): number {
  return mean(outcomes.map((own) => mean(own[of]) as number)) as number;
}
