import { Pcg64 } from '@icl-gd/transformer';
import type { Example } from '../tasks/example.ts';
import { relabel } from '../tasks/prompts/labels.ts';

/** Another stream than that of the labels themselves. */
const STREAM = 9n;

/**
 * Rows whose labels are flipped where a share of the demonstrations' are: the share of them, rounded, with the smallest of the
 * numbers that numpy's `default_rng((seed << 32) | 9).random()` gives the rows of the training split in turn. Those flipped
 * under a smaller share are among those flipped under a larger one.
 * @param rows of the training split that are demonstrations
 * @param trainRows how many the training split has
 */
export function flippedRows(
  rows: readonly number[],
  trainRows: number,
  { share, seed }: { readonly share: number; readonly seed: number },
): ReadonlySet<number> {
  const random = new Pcg64((BigInt(seed) << 32n) | STREAM);
  const drawn = Array.from({ length: trainRows }, () => random.random());
  const first = rows.toSorted((a, b) => (drawn[a] as number) - (drawn[b] as number));
  return new Set(first.slice(0, Math.round(share * rows.length)));
}

/** The rows with the labels of some of them replaced by those that `wrong` labels have. */
export function flipLabels(
  train: readonly Example[],
  classes: number,
  flipped: ReadonlySet<number>,
  seed: number,
): readonly Example[] {
  const wrong = relabel(train, classes, 'wrong', seed);
  return train.map((row, i) => (flipped.has(i) ? (wrong[i] as Example) : row));
}
