import type { MeasuredRun, Row } from '../read-run.ts';
import type { Evidence } from './evidence.ts';
import { ExampleScores } from './example-scores.ts';

type Scores = Readonly<Record<string, readonly (number | null)[]>>;

/** Rows of examples.csv: by metric the scores of a dataset's examples. */
export function exampleRows(
  cell: {
    readonly variant?: string;
    readonly method: string;
    readonly dataset: string;
    readonly seed?: number;
  },
  scores: Scores,
): Row[] {
  const count = Math.max(...Object.values(scores).map(({ length }) => length));
  return Array.from({ length: count }, (_, example) => ({
    variant: 'trained',
    ...cell,
    seed: `${cell.seed ?? 1}`,
    permutation: '0',
    example: `${example}`,
    ...Object.fromEntries(Object.entries(scores).map(([metric, own]) => [metric, `${own[example] ?? ''}`])),
  }));
}

/** Evidence of a run that measured nothing but what is given. */
export function evidenceOf(rows: readonly Row[], given: Partial<Evidence> = {}): Evidence {
  const run: MeasuredRun = {
    model: 'tiny',
    cells: [],
    variants: ['trained'],
    methods: ['GD', 'LCGD'],
    sizes: new Map(),
    training: [],
  };
  return {
    run,
    examples: new ExampleScores(rows),
    layers: [],
    training: [],
    releasedTraining: [],
    noise: [],
    ...given,
  };
}

/** Scores spread evenly around a mean, twenty of them. */
export function around(mean: number, spread = 0.01): number[] {
  return Array.from({ length: 20 }, (_, i) => mean + spread * ((i % 2) - 0.5));
}
