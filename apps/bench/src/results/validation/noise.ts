import { mean } from '@icl-gd/metrics';

type Row = Readonly<Record<string, string>>;

/** How far a score of single examples moves when nothing but rounding does, mean over seeds. */
export interface NoiseFloor {
  readonly metric: string;
  readonly method: string;
  readonly dataset: string;
  readonly learningRates: readonly number[];
  /** Mean of the score itself; null where undefined. */
  readonly value: number | null;
  /** By perturbation (docs/numerics.md): root mean square change of an example's score. */
  readonly changes: Readonly<Record<string, number | null>>;
}

/** @param rows of noise_floor.csv; of the trained model, by metric and method, then dataset */
export function summariseNoise(rows: readonly Row[]): NoiseFloor[] {
  const groups = Map.groupBy(
    rows.filter(({ variant, method }) => variant === 'trained' && method !== '-'),
    ({ metric, method, dataset }) => JSON.stringify([metric, method, dataset]),
  );
  return [...groups.values()].map((own) => {
    const { metric = '', method = '', dataset = '' } = own[0] ?? {};
    const average = (some: readonly Row[], column: string): number | null =>
      mean(some.flatMap(({ [column]: text = '' }) => (text === '' ? [] : Number(text))));
    const byPerturbation = Map.groupBy(own, ({ perturbation = '' }) => perturbation);
    return {
      ...{ metric, method, dataset },
      learningRates: [...new Set(own.map((row) => Number(row['learning_rate'])))],
      value: average(own, 'value'),
      changes: Object.fromEntries(
        [...byPerturbation].map(([perturbation, some]) => [perturbation, average(some, 'example_change')]),
      ),
    };
  });
}
