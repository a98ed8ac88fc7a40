import type { FinishedSetting, ScoreRecord } from '../experiment/record.ts';
import type { TrialResult } from '../experiment/trial-result.ts';

interface Size {
  readonly trials: number;
  readonly examples: number;
  readonly layers: number;
  readonly steps: number;
}

const METHODS = ['GD', 'LCGD'];

/** Trials of a run that never was, in the shape of one; the same numbers every time. */
export async function* madeUpTrials({ trials, examples, layers, steps }: Size): AsyncGenerator<TrialResult> {
  const numbers = sequence();
  const list = (length: number): number[] => Array.from({ length }, () => numbers());
  const scores = (): ScoreRecord => ({
    values: list(layers),
    undefinedCounts: Array.from({ length: layers }, () => 0),
    totalCounts: Array.from({ length: layers }, () => examples),
    examples: list(examples),
    interval: { lower: 0, upper: 1 },
  });
  const finished = (metrics: readonly string[], trained: boolean): FinishedSetting => ({
    status: 'finished',
    predictions: Array.from({ length: examples }, () => ({ predicted: 0, optionLogProbs: [-numbers(), -1] })),
    metrics: Object.fromEntries(metrics.map((metric) => [metric, scores()])),
    training: Array.from({ length: trained ? steps : 0 }, () => ({
      gradientNorms: list(layers),
      losses: list(layers),
    })),
  });
  const prepared = {
    gold: Array.from({ length: examples }, (_, i) => i % 2),
    validationRows: Array.from({ length: examples }, (_, i) => i),
    context: { tokens: [0], demonstrations: 32 },
  };
  for (let seed = 0; seed < trials; seed++) {
    yield {
      trial: { variant: 'trained', dataset: 'mr', seed, permutation: 0, shots: 32, learningRate: 0.003 },
      prepared,
      baselines: {
        zeroShot: finished([], false),
        inContext: finished(['simaou_random', 'simam_zsl'], false),
      },
      methods: METHODS.map((id) => ({
        id,
        inapplicableMetrics: [],
        record: finished(['simaou', 'simaou_norm', 'simam', 'simam_delta'], true),
      })),
      pairs: { alpha: scores() },
      noise: [],
    };
  }
}

/** Numbers in [0, 1) that need many digits, as measured ones do. */
function sequence(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 / 3;
  };
}
