import type { Probe } from './learner.ts';

/** The class that each probe says: the option with the largest mean log-probability, the first on a tie. */
export function predictions(probes: readonly Pick<Probe, 'optionLogProbs'>[]): number[] {
  return probes.map(({ optionLogProbs }) =>
    optionLogProbs.reduce((best, value, i) => (value > (optionLogProbs[best] as number) ? i : best), 0),
  );
}
