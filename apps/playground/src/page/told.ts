import type { Curve, Experiment, ExperimentEvent, QueryOutcome, Step } from '../experiment/experiment.ts';

/** Everything that a run has told, by setting. */
export interface Told {
  readonly experiment: Experiment;
  readonly outcomes: Map<string, readonly QueryOutcome[]>;
  readonly training: Map<string, readonly Step[]>;
  readonly curves: Map<string, readonly Curve[]>;
}

export function nothingTold(experiment: Experiment): Told {
  return { experiment, outcomes: new Map(), training: new Map(), curves: new Map() };
}

/** Adds what an event tells. */
export function take({ outcomes, training, curves }: Told, event: ExperimentEvent): void {
  if (event.kind === 'outcomes')
    outcomes.set(event.setting, [...(outcomes.get(event.setting) ?? []), ...event.outcomes]);
  if (event.kind === 'training')
    training.set(event.learner, [...(training.get(event.learner) ?? []), event.step]);
  if (event.kind === 'curves') curves.set(event.setting, event.curves);
}
