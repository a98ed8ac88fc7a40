import type { MeasuredCell, MeasuredRun } from '../measured.ts';
import { readPublishedHyperparameters } from '../published/read-published.ts';

type Lists = Readonly<Record<string, readonly (number | null)[]>>;

interface Given {
  readonly variant?: string;
  readonly method: string;
  readonly dataset: string;
  readonly seed?: number;
  /** By metric: a score an example. */
  readonly examples?: Lists;
  /** By metric: a score a layer. */
  readonly layers?: Lists;
  readonly gradientNorms?: MeasuredCell['gradientNorms'];
  readonly releasedGradientNorms?: MeasuredCell['gradientNorms'];
}

const RATES = new Map(readPublishedHyperparameters().map((own) => [own.dataset, own.learning_rate]));

/** A cell in which nothing was measured but what is given. */
export function measuredCell({ examples = {}, layers = {}, ...given }: Given): MeasuredCell {
  const metrics = new Set([...Object.keys(examples), ...Object.keys(layers)]);
  const count = Object.values(examples).reduce((most, { length }) => Math.max(most, length), 0);
  return {
    variant: 'trained',
    seed: 1,
    permutation: 0,
    learningRate: RATES.get(given.dataset) ?? 0.01,
    numbers: new Map(),
    exampleRows: Array.from({ length: count }, (_, row) => row),
    gradientNorms: [],
    releasedGradientNorms: [],
    ...given,
    scores: new Map(
      [...metrics].map((metric) => [
        metric,
        {
          layers: layers[metric] ?? [],
          examples: Float64Array.from(examples[metric] ?? [], (value) => value ?? Number.NaN),
        },
      ]),
    ),
  };
}

/** A run on the paper's model and data. */
const PAPER: MeasuredRun['paper'] = {
  datasets: new Set(['sst2', 'sst5', 'mr', 'subj', 'agnews', 'cb']),
  notice: '',
};

/** A run that measured these cells, on the paper's model and data if nothing else is given. */
export function runOf(cells: readonly MeasuredCell[], given: Partial<MeasuredRun> = {}): MeasuredRun {
  return {
    ...{ model: 'tiny', variants: ['trained'], methods: ['GD', 'LCGD'], sizes: new Map(), noise: [] },
    ...{ cells, paper: PAPER },
    ...given,
  };
}

/** Scores spread evenly around a mean, twenty of them. */
export function around(mean: number, spread = 0.01): number[] {
  return Array.from({ length: 20 }, (_, i) => mean + spread * ((i % 2) - 0.5));
}

/** The same cell under three seeds: what is claimed of one seed alone cannot be judged. */
export function seeds(given: Parameters<typeof measuredCell>[0]): MeasuredCell[] {
  return [1, 2, 3].map((seed) => measuredCell({ ...given, seed }));
}
