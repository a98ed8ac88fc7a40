import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { GroupRecord } from '../experiment/record.ts';
import type { FinishedGroup } from '../experiment/run.ts';

const scores = (...values: (number | null)[]) => ({
  values,
  undefinedCounts: values.map((value) => (value === null ? 4 : 0)),
  examples: [values[0] ?? null, null],
  interval: { lower: -0.25, upper: 0.5 },
});

const RECORD: GroupRecord = {
  gold: [0, 1],
  metrics: { simam_zsl: scores(0.5, 0.25) },
  zeroShot: [
    { predicted: 0, optionLogProbs: [-1, -2] },
    { predicted: 0, optionLogProbs: [-1.5, -1.75] },
  ],
  inContext: [
    { predicted: 1, optionLogProbs: [-2, -1] },
    { predicted: 1, optionLogProbs: [-3, -1e-7] },
  ],
  methods: {
    GD: {
      status: 'finished',
      metrics: { simaou: scores(0.125, null) },
      predictions: [
        { predicted: 0, optionLogProbs: [-0.5, -4] },
        { predicted: 1, optionLogProbs: [-4, -0.5] },
      ],
      training: [{ gradientNorms: [0.1, 0.2], losses: [7, 7] }],
    },
    LCGD: { status: 'diverged', message: 'its weights grew, to "much"' },
  },
};

/** A group of two layers, two examples and two classes: GD finished, LCGD diverged. */
export const GROUP: FinishedGroup = {
  group: {
    variant: 'trained',
    dataset: 'mr',
    seed: 5,
    permutation: 0,
    shots: 2,
    learningRate: 0.003,
    methods: ['GD', 'LCGD'],
  },
  prepared: {
    validationRows: [17, 4],
    context: { tokens: [0], demonstrations: 2 },
  } as unknown as PreparedRun,
  record: RECORD,
};
