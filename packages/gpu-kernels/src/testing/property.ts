import {
  type Arbitrary,
  assert,
  asyncProperty,
  configureGlobal,
  integer,
  noShrink,
  readConfigureGlobal,
  record,
} from 'fast-check';

/** Cases are these times as many, for longer runs. */
const FACTOR = Number(process.env['ICL_GD_PROPERTY_RUNS'] ?? 1);
/** The same command tries the same cases; another number, others. */
const SEED = Number(process.env['ICL_GD_PROPERTY_SEED'] ?? 20_240_616);

/** Has every property test of this process begin with the same seed. */
export function seedProperties(): void {
  configureGlobal({ ...readConfigureGlobal(), seed: SEED });
}

/** Seeds of `TestRandom`: a case is printed as its shape and such a number, from which its data come. */
export const seeds: Arbitrary<number> = noShrink(integer({ min: 1, max: 999_999 }));

/** Plain objects of these fields, so that cases are printed as what they are. */
export function caseOf<T>(fields: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<T> {
  return record(fields, { noNullPrototype: true });
}

/**
 * Fails with the smallest case found for which `check` fails, if there is one among `runs` times what the environment
 * variable ICL_GD_PROPERTY_RUNS says (1 if absent).
 * @param examples tried first
 */
export async function expectForAll<T>(
  cases: Arbitrary<T>,
  runs: number,
  check: (value: T) => Promise<void>,
  examples: readonly T[] = [],
): Promise<void> {
  const numRuns = examples.length + Math.ceil(runs * FACTOR);
  await assert(asyncProperty(cases, check), {
    numRuns,
    examples: examples.map((example) => [example]),
  });
}
