import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { LayerAgreement } from '../experiment/training-attention/record.ts';
import { CELL, type CellDrafts } from './cell-drafts.ts';
import { IndexedList, listIndex } from './indexed-list.ts';
import { type Column, numberOrNull, readOptionalTable, whole } from './read-table.ts';
import { ATTENTION_LEVELS, type AttentionLevelName, type MeasuredAttention } from './training-attention.ts';

/** A number in a range, or nothing. */
function within(least: number, most: number): Column<number | null> {
  return (field) => {
    const value = numberOrNull(field);
    if (value !== null && (value < least || value > most))
      throw new UserError(`${field} is not from ${least} to ${most}`);
    return value;
  };
}

const level: Column<AttentionLevelName> = (field) => {
  const known = ATTENTION_LEVELS.find((own) => own === field);
  if (known === undefined) throw new UserError(`"${field}" is none of ${ATTENTION_LEVELS.join(', ')}`);
  return known;
};

const share = within(0, 1);
const rank = within(-1, 1);

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
    ...{ ...CELL, level, layer: listIndex, items: whole, k: whole, examples: whole },
    ...{ kendall_tau: rank, kendall_tau_random: rank, top_k_recall: share, top_k_recall_random: share },
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
