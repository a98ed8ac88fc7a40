import type { TrialResult } from '../experiment/trial-result.ts';

const scores = (...values: (number | null)[]) => ({
  values,
  undefinedCounts: values.map((value) => (value === null ? 4 : 0)),
  totalCounts: values.map(() => 4),
  examples: [values[0] ?? null, null],
  interval: { lower: -0.25, upper: 0.5 },
});
const finished = { status: 'finished', metrics: {}, training: [] } as const;

/** A trial of two layers, two examples and two classes: GD finished, LCGD diverged. */
export const TRIAL: TrialResult = {
  trial: { variant: 'trained', dataset: 'mr', seed: 5, permutation: 0, shots: 2, learningRate: 0.003 },
  prepared: { gold: [0, 1], validationRows: [17, 4], context: { tokens: [0], demonstrations: 2 } },
  baselines: {
    zeroShot: {
      ...finished,
      training: [],
      predictions: [
        { predicted: 0, optionLogProbs: [-1, -2] },
        { predicted: 0, optionLogProbs: [-1.5, -1.75] },
      ],
    },
    inContext: {
      ...finished,
      training: [],
      metrics: { simam_zsl: scores(0.5, 0.25) },
      predictions: [
        { predicted: 1, optionLogProbs: [-2, -1] },
        { predicted: 1, optionLogProbs: [-3, -1e-7] },
      ],
    },
  },
  methods: [
    {
      id: 'GD',
      inapplicableMetrics: [],
      record: {
        status: 'finished',
        metrics: { simaou: scores(0.125, null) },
        predictions: [
          { predicted: 0, optionLogProbs: [-0.5, -4] },
          { predicted: 1, optionLogProbs: [-4, -0.5] },
        ],
        training: [{ gradientNorms: [0.1, 0.2], losses: [7, 7] }],
      },
    },
    {
      id: 'LCGD',
      inapplicableMetrics: [],
      record: { status: 'diverged', message: 'its weights grew, to "much"' },
    },
  ],
  pairs: {},
  noise: [],
};
