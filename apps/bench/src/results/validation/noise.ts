import { mean } from '@icl-gd/metrics';
import { groupBy } from '../../experiment/group-by.ts';
import { type MeasuredNoise, NO_METHOD } from '../measured.ts';

/** How far a score of single examples moves when nothing but rounding does, mean over seeds. */
export interface NoiseFloor {
  readonly metric: string;
  readonly method: string;
  readonly dataset: string;
  readonly learningRates: readonly number[];
  /** Mean of the score itself; null where undefined. */
  readonly value: number | null;
  /** By perturbation (docs/numerics.md): root mean square change of an example's score. */
  readonly changes: ReadonlyMap<string, number | null>;
}

/** Of the trained model, by metric and method, then dataset. */
export function summariseNoise(noise: readonly MeasuredNoise[]): NoiseFloor[] {
  const bySubject = groupBy(
    noise.filter(({ variant, method }) => variant === 'trained' && method !== NO_METHOD),
    ({ metric, method, dataset }) => JSON.stringify([metric, method, dataset]),
  );
  return [...bySubject.values()].map((own) => {
    const { metric = '', method = '', dataset = '' } = own[0] ?? {};
    const average = (some: readonly MeasuredNoise[], of: 'value' | 'exampleChange'): number | null =>
      mean(some.flatMap((entry) => entry[of] ?? []));
    const byPerturbation = groupBy(own, ({ perturbation }) => perturbation);
    return {
      ...{ metric, method, dataset },
      learningRates: [...new Set(own.flatMap(({ learningRate }) => learningRate ?? []))],
      value: average(own, 'value'),
      changes: new Map(
        [...byPerturbation].map(([perturbation, some]) => [perturbation, average(some, 'exampleChange')]),
      ),
    };
  });
}
