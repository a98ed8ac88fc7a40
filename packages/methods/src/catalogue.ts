import type { TrainingKind } from '@icl-gd/transformer';
import { z } from 'zod';
import type { Learner, LearnerOptions, LearnerTraits } from './learner.ts';
import { learnerModules } from './learners/index.ts';
import { togetherOf } from './training/lockstep.ts';

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

/** What a run has to know of a learner with these options. */
function traitsOf({ learner, options }: LearnerSetting): LearnerTraits {
  const { needs, objective, inapplicableMetrics = [], with: depending } = learner;
  const fixed = { takesRate: objective !== undefined, draws: false, keepsTrainingQueries: false, passes: 1 };
  const lockstep = undefined;
  const training = objective && { objective };
  return { needs, ...fixed, training, lockstep, inapplicableMetrics, ...depending?.call(learner, options) };
}

/** The demonstrations that a learner takes in with these options. */
export function needsOf(setting: LearnerSetting): LearnerTraits['needs'] {
  return traitsOf(setting).needs;
}

/** Ids of metrics that do not apply to a learner with these options. */
export function inapplicableMetricsOf(setting: LearnerSetting): readonly string[] {
  return traitsOf(setting).inapplicableMetrics;
}

/** Whether a learner takes SGD steps at a rate with these options: it needs `learningRate` then, and reports its training. */
export function takesRate(setting: LearnerSetting): boolean {
  return setting.learner.objective !== undefined && traitsOf(setting).takesRate;
}

/** What the training of a learner with these options allocates, for a memory plan; undefined if it does not train. */
export function trainingKindOf(setting: LearnerSetting): TrainingKind | undefined {
  return traitsOf(setting).training;
}

/** How often a learner that trains takes in each demonstration with these options, which its progress counts; 0 if it does not. */
export function trainingPasses(setting: LearnerSetting): number {
  return setting.learner.objective ? traitsOf(setting).passes : 0;
}

/** Whether numbers of a learner with these options depend on the seed that it is given. */
export function draws(setting: LearnerSetting): boolean {
  return traitsOf(setting).draws;
}

/** Whether a learner can keep the query vectors that demonstrations have while it trains on them. */
export function keepsTrainingQueries(setting: LearnerSetting): boolean {
  return traitsOf(setting).keepsTrainingQueries;
}

/**
 * What settings have in common whose cells `adaptTogether` trains in one pass over all of them; undefined of a setting whose cells
 * are trained one by one. It decides no number.
 */
export function lockstepOf(setting: LearnerSetting): string | undefined {
  return togetherOf(setting.learner) && traitsOf(setting).lockstep;
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
