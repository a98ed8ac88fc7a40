import { Pcg64 } from '@icl-gd/transformer';
import type { Example } from '../example.ts';
import { REPLACED_LABELS } from './demonstration-choice.ts';

/**
 * Labels of the demonstrations: `gold` as they are, `wrong` each replaced by another class, `random` each drawn from all classes
 * (Min et al., 2022, "Rethinking the role of demonstrations").
 */
export const LABELLINGS = ['gold', ...REPLACED_LABELS] as const;
export type Labelling = (typeof LABELLINGS)[number];

const STREAM = 7n;

/** The rows with their labels replaced; the same seed replaces them the same way. */
export function relabel(
  rows: readonly Example[],
  classes: number,
  labelling: Labelling,
  seed: number,
): readonly Example[] {
  if (labelling === 'gold') return rows;
  const random = new Pcg64((BigInt(seed) << 32n) | STREAM);
  const below = (bound: number): number => Math.floor(random.random() * bound);
  return rows.map((row) => ({
    ...row,
    label: labelling === 'wrong' ? (row.label + 1 + below(classes - 1)) % classes : below(classes),
  }));
}
