import { gradientDescent, layerCausalGradientDescent } from './learners/gradient-descent.ts';
import { inContext } from './learners/in-context.ts';
import type { Learner, LearnerOptions } from './learner.ts';
import { zeroShot } from './learners/zero-shot.ts';

/** Every learner, in the order of the tables. A new one is a file of its own and an entry here. */
export const learners: readonly Learner[] = [
  zeroShot,
  inContext,
  gradientDescent,
  layerCausalGradientDescent,
];

/** A learner with its own options: what a row of a table is about. */
export interface LearnerSetting {
  readonly learner: Learner;
  /** Those that differ from their defaults. */
  readonly options: LearnerOptions;
}

/** `GD`, or with options that differ from their defaults `GD[batch=full,steps=3]`, in the order of the schema. */
export function settingId({ learner, options }: LearnerSetting): string {
  const given = Object.keys(learner.options?.shape ?? {}).filter((name) => name in options);
  if (given.length === 0) return learner.id;
  return `${learner.id}[${given.map((name) => `${name}=${options[name]}`).join(',')}]`;
}

/**
 * A learner with options as they are typed.
 * @param typed texts by name
 * @throws ZodError naming the option that is unknown or does not fit
 */
export function learnerSetting(
  learner: Learner,
  typed: Readonly<Record<string, string>> = {},
): LearnerSetting {
  const schema = learner.options?.strict();
  if (!schema) return { learner, options: {} };
  const defaults = schema.parse({});
  const options = Object.entries(schema.parse(typed)).filter(([name, value]) => value !== defaults[name]);
  return { learner, options: Object.fromEntries(options) as LearnerOptions };
}
