import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { LayerAgreement } from '../experiment/training-attention/record.ts';
import { CELL, type CellDrafts } from './cell-drafts.ts';
import { IndexedList, listIndex } from './indexed-list.ts';
import { cosineOrNull, oneOf, readOptionalTable, shareOrNull, whole } from './read-table.ts';
import { ATTENTION_LEVELS, type MeasuredAttention } from './training-attention.ts';

interface Draft extends Omit<MeasuredAttention, 'layers'> {
  readonly layers: IndexedList<LayerAgreement>;
}

/**
 * Reads training_attention.csv back, if the run wrote it.
 * @throws UserError naming file, line and column
 */
export async function readTrainingAttention(
  folder: string,
  drafts: CellDrafts,
): Promise<MeasuredAttention[]> {
  const found = new Map<string, Draft>();
  const columns = {
    ...{ ...CELL, level: oneOf(ATTENTION_LEVELS), layer: listIndex, items: whole, k: whole, examples: whole },
    ...{ kendall_tau: cosineOrNull, kendall_tau_random: cosineOrNull },
    ...{ top_k_recall: shareOrNull, top_k_recall_random: shareOrNull },
  };
  for await (const row of readOptionalTable(folder, 'training_attention.csv', columns)) {
    drafts.of(row);
    const { variant, dataset, method, seed, permutation, items, k, examples } = row.values;
    const { learning_rate: learningRate, level: own, layer } = row.values;
    const key = JSON.stringify([variant, dataset, method, seed, permutation, learningRate, own]);
    let draft = found.get(key);
    if (!draft) {
      const cell = { variant, dataset, method, seed, permutation, learningRate };
      draft = { ...cell, level: own, items, k, layers: new IndexedList('layer') };
      found.set(key, draft);
    }
    for (const [column, other] of Object.entries({ items: draft.items, k: draft.k }))
      if (row.values[column as 'items' | 'k'] !== other)
        throw new UserError(
          `${row.place(column)} is ${row.values[column as 'items' | 'k']}, and ${other} in another layer`,
        );
    const agreement = {
      ...{ examples, kendallTau: row.values.kendall_tau, kendallTauRandom: row.values.kendall_tau_random },
      ...{ topKRecall: row.values.top_k_recall, topKRecallRandom: row.values.top_k_recall_random },
    };
    draft.layers.put(layer, agreement, row.place);
  }
  return [...found.values()].map(({ layers, ...own }) => ({ ...own, layers: layers.complete() }));
}
