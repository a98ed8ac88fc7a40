import type { AttentionLevel, LayerAgreement } from '../experiment/training-attention/record.ts';
import { type TrialResult, learningRateOf } from '../experiment/trial-result.ts';
import type { CellKey } from './cell-key.ts';
import type { Field } from './csv.ts';
import { CELL, type TrialTable, cell } from './trial-table.ts';

/** One row a learner, level and layer: how far ICL and fine-tuning attend to the same demonstrations. */
export const trainingAttention: TrialTable = {
  file: 'training_attention.csv',
  columns: [
    ...[...CELL, 'level', 'layer', 'items', 'k', 'examples', 'kendall_tau', 'kendall_tau_random'],
    ...['top_k_recall', 'top_k_recall_random', 'top_k_recall_expected'],
  ],
  rows: (model, result) =>
    (result.trainingAttention ?? []).flatMap(({ id, record }) =>
      ATTENTION_LEVELS.flatMap((level) => {
        const { items, k, layers } = record[level];
        return layers.map((own, layer): Field[] => [
          ...[...cell(model, result, id), level, layer, items, k, own.examples],
          ...[own.kendallTau, own.kendallTauRandom, own.topKRecall, own.topKRecallRandom],
          expectedRecall(items, k),
        ]);
      }),
    ),
};

export const ATTENTION_LEVELS = ['token', 'example'] as const;
export type AttentionLevelName = (typeof ATTENTION_LEVELS)[number];

/** Of k items drawn at random, the share that is among k others of as many; null where there are fewer than k. */
function expectedRecall(items: number, k: number): number | null {
  return items < k ? null : k / items;
}

/** How far ICL and a learner attend to the same tokens, or demonstrations, of one trial. */
export interface MeasuredAttention extends CellKey, Omit<AttentionLevel, 'layers'> {
  readonly level: AttentionLevelName;
  readonly layers: readonly LayerAgreement[];
}

/** Of every learner of a trial that it was measured of, at both levels. */
export function measureAttention(result: TrialResult): MeasuredAttention[] {
  const { trial, trainingAttention: own = [] } = result;
  const { variant, dataset, seed, permutation } = trial;
  return own.flatMap(({ id: method, record }) =>
    ATTENTION_LEVELS.map((level) => ({
      ...{ variant, dataset, method, seed, permutation, level },
      learningRate: learningRateOf(result, method),
      ...record[level],
    })),
  );
}
