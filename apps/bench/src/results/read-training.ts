import { CELL, type CellDrafts, type CellRow, rateOrNull } from './cell-drafts.ts';
import type { CellKey } from './cell-key.ts';
import { IndexedList, listIndex } from './indexed-list.ts';
import {
  amount,
  amountOrNull,
  cosineOrNull,
  oneOf,
  readOptionalTable,
  shareOrNull,
  text,
  whole,
} from './read-table.ts';
import type { GradientNormRow, PrecisionRow, TrainingRows, WeightCosineRow } from './training-rows.ts';

/**
 * Reads weights.csv, precision.csv and gradient_norms.csv, where the run wrote them.
 * @throws UserError naming file, line and column for what cannot be: a cell that summary.csv lacks, a value out of range, a
 *   layer that is there twice or not at all
 */
export async function readTraining(folder: string, drafts: CellDrafts): Promise<TrainingRows> {
  return {
    weights: await readWeights(folder, drafts),
    precision: await readPrecision(folder, drafts),
    gradientNorms: await readGradientNorms(folder, drafts),
  };
}

async function readWeights(folder: string, drafts: CellDrafts): Promise<WeightCosineRow[]> {
  const { method: _method, learning_rate: _rate, ...trial } = CELL;
  const columns = {
    ...trial,
    ...{ method_a: text, method_b: text, learning_rate_a: rateOrNull, learning_rate_b: rateOrNull },
    ...{ layer: listIndex, value: cosineOrNull },
  };
  const lists = new LayerLists<WeightCosineRow>();
  for await (const { values, place } of readOptionalTable(folder, 'weights.csv', columns)) {
    const { variant, dataset, seed, permutation, layer, value } = values;
    const methods = [values.method_a, values.method_b] as const;
    const learningRates = [values.learning_rate_a, values.learning_rate_b] as const;
    for (const [i, method] of methods.entries())
      drafts.of({
        values: { variant, dataset, seed, permutation, method, learning_rate: learningRates[i] ?? null },
        place: (column) => place(column === 'method' ? `method_${'ab'[i]}` : column),
      });
    const key = { variant, dataset, seed, permutation, methods, learningRates };
    lists.put(key, layer, { ...key, layer, value }, place);
  }
  return lists.complete();
}

async function readPrecision(folder: string, drafts: CellDrafts): Promise<PrecisionRow[]> {
  const columns = {
    ...{ ...CELL, layer: listIndex, changed_share: shareOrNull },
    ...{ cosine: cosineOrNull, cosine_of_rounded: cosineOrNull, relative_size: amountOrNull },
  };
  const lists = new LayerLists<PrecisionRow>();
  for await (const row of readOptionalTable(folder, 'precision.csv', columns)) {
    drafts.of(row);
    const { layer, changed_share: changed, cosine: own } = row.values;
    const { cosine_of_rounded: cosineOfRounded, relative_size: relativeSize } = row.values;
    const key = keyOf(row);
    const values = { changed, cosine: own, cosineOfRounded, relativeSize };
    lists.put(key, layer, { ...key, layer, ...values }, row.place);
  }
  return lists.complete();
}

async function readGradientNorms(folder: string, drafts: CellDrafts): Promise<GradientNormRow[]> {
  const columns = {
    ...{ ...CELL, step: whole, layer: listIndex, value: amount },
    parameters: oneOf(['all', 'kv', 'key_bias']),
    reduction: oneOf(['sum', 'mean']),
    gradients: oneOf(['accumulated', 'reset']),
  };
  const lists = new LayerLists<GradientNormRow>();
  for await (const row of readOptionalTable(folder, 'gradient_norms.csv', columns)) {
    drafts.of(row);
    const { step, layer, parameters, reduction, gradients, value } = row.values;
    const key = { ...keyOf(row), step, parameters, reduction, gradients };
    lists.put(key, layer, { ...key, layer, value }, row.place);
  }
  return lists.complete();
}

/** Rows by layer under a key, in the order in which the keys came. */
class LayerLists<Row> {
  readonly #lists = new Map<string, IndexedList<Row>>();

  put(key: object, layer: number, row: Row, place: (column: string) => string): void {
    const id = JSON.stringify(key);
    let list = this.#lists.get(id);
    if (!list) this.#lists.set(id, (list = new IndexedList('layer')));
    list.put(layer, row, place);
  }

  complete(): Row[] {
    return [...this.#lists.values()].flatMap((list) => list.complete());
  }
}

function keyOf({ values }: CellRow): CellKey {
  const { variant, dataset, method, seed, permutation, learning_rate: learningRate } = values;
  return { variant, dataset, method, seed, permutation, learningRate };
}
