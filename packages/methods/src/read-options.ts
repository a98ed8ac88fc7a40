import type { LearnerOptions, LearnerOptionsSchema } from './learner.ts';

/**
 * A learner's own options as it is given them, with defaults.
 * @throws RangeError naming the option that is unknown, does not fit or does not go with another
 */
export function readOptions<Options>(
  id: string,
  schema: LearnerOptionsSchema<Options>,
  given: Partial<LearnerOptions> = {},
): Options {
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`${id} has no option ${unknown}: ${known.join(', ')}`);
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new RangeError(`${id}, ${issue?.path.join('.')}: ${issue?.message}`);
}
