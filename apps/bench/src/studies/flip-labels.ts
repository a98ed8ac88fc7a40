import { Pcg64 } from '@icl-gd/transformer';
import type { Example } from '../tasks/example.ts';
import { relabel } from '../tasks/prompts/labels.ts';

/** Another stream than that of the labels themselves. */
const STREAM = 9n;

/**
 * Rows whose labels are flipped where a share of the demonstrations' are: the share of them, rounded, with the smallest of the
 * numbers that numpy's `default_rng((seed << 32) | 9).random()` gives the demonstrations in turn. Those flipped under a
 * smaller share are among those flipped under a larger one.
 * @param rows of the training split that are demonstrations, in the trial's order
 */
export function flippedRows(
  rows: readonly number[],
  { share, seed }: { readonly share: number; readonly seed: number },
): ReadonlySet<number> {
  const random = new Pcg64((BigInt(seed) << 32n) | STREAM);
  const drawn = rows.map((row) => ({ row, number: random.random() }));
  const first = drawn.toSorted((a, b) => a.number - b.number);
  return new Set(first.slice(0, Math.round(share * rows.length)).map(({ row }) => row));
}

/**
 * The training split with the labels of some demonstrations replaced by those that they have as `labels=wrong`.
 * @param rows as for {@link flippedRows}
 */
export function flipLabels(
  train: readonly Example[],
  rows: readonly number[],
  flipped: ReadonlySet<number>,
  { classes, seed }: { readonly classes: number; readonly seed: number },
): readonly Example[] {
  const demonstrations = rows.map((row) => train[row] as Example);
  const wrong = relabel(demonstrations, classes, 'wrong', seed);
  const byRow = new Map(rows.map((row, i) => [row, wrong[i] as Example]));
  return train.map((row, i) => (flipped.has(i) ? (byRow.get(i) as Example) : row));
}
