import { LegacyMt19937, Pcg64, UserError } from '@icl-gd/transformer';

/** The paper's released code evaluates at most this many examples. */
const MAX_EXAMPLES = 2000;
const VALIDATION_SEED = 1;
const PERMUTATION_DRAWS = 5;

/**
 * Order of the demonstrations in fine-tuning: that of the context, or that of the released code's fine-tuning process, whose
 * generator has already drawn five orders when it draws the five of which one is used.
 */
export const FINE_TUNING_ORDERS = ['in-context', 'released'] as const;
export type FineTuningOrder = (typeof FINE_TUNING_ORDERS)[number];

interface DemonstrationSelection {
  readonly trainRows: number;
  readonly shots: number;
  readonly seed: number;
  /** 0 keeps the order of the draw; p > 0 is number p (from 0) of the five orders that the released code draws. */
  readonly permutation: number;
  /** That of the context if undefined. */
  readonly order?: FineTuningOrder | undefined;
  /** Rows of the shuffle that are left out before the first. None if absent. */
  readonly skipped?: number;
}

/**
 * Rows of the training split that serve as demonstrations, in order of use: the first `shots` (all if there are fewer) of
 * numpy's `default_rng(seed).permutation(trainRows)` after those that are skipped, reordered by numpy's legacy generator if `permutation` > 0.
 *
 * @throws UserError if `shots` is not a positive integer or `permutation` not one of 0 … 4.
 */
export function selectDemonstrations({
  trainRows,
  shots,
  seed,
  permutation,
  order: whose = 'in-context',
  skipped = 0,
}: DemonstrationSelection): number[] {
  requirePositiveInteger('shots', shots);
  if (!Number.isInteger(permutation) || permutation < 0 || permutation >= PERMUTATION_DRAWS) {
    throw new UserError(`Permutation ${permutation} does not exist; choose 0 to ${PERMUTATION_DRAWS - 1}.`);
  }
  const rows = new Pcg64(seed).permutation(trainRows).slice(skipped, skipped + shots);
  if (permutation === 0) return rows;
  const generator = new LegacyMt19937(seed);
  let order: number[] = [];
  const taken = permutation + (whose === 'released' ? PERMUTATION_DRAWS : 0);
  for (let draw = 0; draw <= taken; draw++) order = generator.permutation(rows.length);
  return order.map((place) => rows[place]!);
}

/**
 * Rows of the validation split that are evaluated, in order: the first `examples` (at most 2,000, all if
 * there are fewer) of numpy's `default_rng(1).permutation(validationRows)`.
 *
 * @throws UserError if `examples` is not a positive integer.
 */
export function selectValidation(validationRows: number, examples: number): number[] {
  requirePositiveInteger('examples', examples);
  return new Pcg64(VALIDATION_SEED).permutation(validationRows).slice(0, Math.min(examples, MAX_EXAMPLES));
}

function requirePositiveInteger(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new UserError(`The number of ${name} must be a positive integer, not ${value}.`);
  }
}
