import type { TrainingKind } from '@icl-gd/transformer';
import { z } from 'zod';
import type { Learner, LearnerOptions } from './learner.ts';
import { learnerModules } from './learners/index.ts';

const NEEDS: readonly Learner['needs'][] = ['none', 'context', 'all'];
const rank = ({ role, paper, needs }: Learner): number =>
  (role === 'baseline' ? 0 : paper ? 10 : 20) + (role === 'baseline' ? NEEDS.indexOf(needs) : 0);

/**
 * Every learner that a file of `learners/` exports, in the order of the tables: baselines, the paper's, others by id. A new
 * learner is a file of that folder.
 */
export const learners: readonly Learner[] = learnersOf(learnerModules);

/** The learners among the exports of modules, in the order of the tables. */
export function learnersOf(modules: readonly object[]): Learner[] {
  return modules
    .flatMap((module): unknown[] => Object.values(module))
    .filter(isLearner)
    .toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

function isLearner(value: unknown): value is Learner {
  return typeof value === 'object' && value !== null && 'adapt' in value && 'role' in value;
}

/** A learner with its own options: what a row of a table is about. */
export interface LearnerSetting {
  readonly learner: Learner;
  /** Those that differ from their defaults. */
  readonly options: LearnerOptions;
}

/**
 * `GD`, or with options that differ from their defaults `GD[batch=full,steps=3]`, in the order of the schema. What is `true`
 * stands bare: `GD[noise]`.
 */
export function settingId({ learner, options }: LearnerSetting): string {
  const given = Object.keys(learner.options?.shape ?? {}).filter((name) => name in options);
  if (given.length === 0) return learner.id;
  const typed = given.map((name) => (options[name] === true ? name : `${name}=${options[name]}`));
  return `${learner.id}[${typed.join(',')}]`;
}

/** The demonstrations that a learner takes in with these options. */
export function needsOf({ learner, options }: LearnerSetting): Learner['needs'] {
  return learner.needsWith?.(options) ?? learner.needs;
}

/** Ids of metrics that do not apply to a learner with these options. */
export function inapplicableMetricsOf({ learner, options }: LearnerSetting): readonly string[] {
  return learner.inapplicableMetricsWith?.(options) ?? learner.inapplicableMetrics ?? [];
}

/** Whether a learner takes SGD steps at a rate with these options: it needs `learningRate` then, and reports its training. */
export function takesRate({ learner, options }: LearnerSetting): boolean {
  return learner.objective !== undefined && (learner.takesRateWith?.(options) ?? true);
}

/** What the training of a learner with these options allocates, for a memory plan; undefined if it does not train. */
export function trainingKindOf({ learner, options }: LearnerSetting): TrainingKind | undefined {
  const { objective } = learner;
  return learner.trainingWith?.(options) ?? (objective ? { objective } : undefined);
}

/** How often a learner that trains takes in each demonstration with these options, which its progress counts; 0 if it does not. */
export function trainingPasses({ learner, options }: LearnerSetting): number {
  return learner.objective ? (learner.passesWith?.(options) ?? 1) : 0;
}

/** Whether numbers of a learner with these options depend on the seed that it is given. */
export function draws({ learner, options }: LearnerSetting): boolean {
  return learner.drawsWith?.(options) ?? false;
}

/**
 * A learner with options as they are typed.
 * @param typed texts by name; of an option that stands bare, as in `GD[noise]`, the text `true`
 * @throws ZodError naming the option that is unknown or does not fit
 */
export function learnerSetting(
  learner: Learner,
  typed: Readonly<Record<string, string>> = {},
): LearnerSetting {
  const schema = learner.options?.strict() ?? z.strictObject({});
  const parse = (given: unknown) => schema.parse(given) as LearnerOptions;
  const defaults = parse({});
  const options = Object.entries(parse(typed)).filter(([name, value]) => value !== defaults[name]);
  return { learner, options: Object.fromEntries(options) };
}
