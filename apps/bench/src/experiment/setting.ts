import {
  type Demonstration,
  type Learner,
  type LearnerOptions,
  type LearnerSetting,
  learners,
  needsOf,
  settingId,
  trainingPasses,
} from '@icl-gd/methods';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type DemonstrationChoice, choiceId } from '../tasks/prompts/demonstration-choice.ts';
import { type PreparedRun, demonstrationsOf } from '../tasks/prompts/prepare-run.ts';

export type { DemonstrationChoice } from '../tasks/prompts/demonstration-choice.ts';

/** How a learner's rate is chosen where it is not the run's own. */
export const RATE_RULES = ['best', 'matched-kl', 'matched-norm'] as const;
export type RateRule = (typeof RATE_RULES)[number];

/** What a row of the tables is about: a learner, its options, which demonstrations it is given, how its rate was chosen. */
export interface RunSetting extends LearnerSetting {
  /** `{}` for the trial's own. */
  readonly demonstrations: DemonstrationChoice;
  /** The run's own (published) rate if absent. */
  readonly rate?: RateRule;
  /** Left out where it cannot be made, since nobody asked for it by name. */
  readonly byDefault?: true;
  /** Run on the trained model alone. A setting whose rate was chosen is that in any case. */
  readonly trainedOnly?: true;
}

/** The learner with default options, the trial's own demonstrations and the run's rate. */
export function runSetting(learner: Learner, options: LearnerOptions = {}): RunSetting {
  return { learner, options, demonstrations: {} };
}

/**
 * As it stands in the column `method`: the learner's id, in brackets what differs from the defaults, demonstrations first, then
 * the learner's own options, then the rule of its rate: `ICL[disjoint]`, `GD[labels=wrong,steps=3,rate=best]`.
 */
export function runSettingId(setting: RunSetting): string {
  const { learner, demonstrations, rate } = setting;
  const own = settingId(setting).slice(learner.id.length + 1, -1);
  const inside = [choiceId(demonstrations), own, rate === undefined ? '' : `rate=${rate}`].filter(Boolean);
  return inside.length === 0 ? learner.id : `${learner.id}[${inside.join(',')}]`;
}

/** The choices of demonstrations among settings, each once, without that of a trial's own. */
export function choicesAmong(settings: readonly RunSetting[]): readonly DemonstrationChoice[] {
  const byId = new Map(settings.map(({ demonstrations }) => [choiceId(demonstrations), demonstrations]));
  byId.delete('');
  return [...byId.values()];
}

/** Why a setting cannot be made of what was prepared; undefined if it can. */
export function unavailability({ demonstrations }: RunSetting, prepared: PreparedRun): string | undefined {
  const given = demonstrationsOf(prepared, demonstrations);
  return 'unavailable' in given ? given.unavailable : undefined;
}

/**
 * What a setting takes in: none, the demonstrations that fit the context, or those of fine-tuning.
 * @throws UserError where its choice cannot be made: see {@link unavailability}
 */
export function demonstrationsFor(setting: RunSetting, prepared: PreparedRun): readonly Demonstration[] {
  const needs = needsOf(setting);
  const given = demonstrationsOf(prepared, setting.demonstrations);
  if (needs === 'none') return [];
  if ('unavailable' in given) throw new UserError(given.unavailable);
  if (needs === 'all') return given.fineTuningDemonstrations;
  return given.demonstrations.slice(0, given.context.demonstrations);
}

/** Work of a setting: queries probed and demonstrations trained on, as often as they are. */
export function unitsOfSetting(setting: RunSetting, prepared: PreparedRun): number {
  const passes = trainingPasses(setting);
  return prepared.queries.length + (passes > 0 ? passes * demonstrationsFor(setting, prepared).length : 0);
}

/** Whether what stands in the column `method` is a learner, whatever it learns from, and not zero-shot or a context. */
export function isLearner(id: string): boolean {
  return !/^(ZSL|ICL)(\[|$)/.test(id);
}

/**
 * What a setting is in a comparison with in-context learning: a `learner`; a `null`, which takes in nothing that could be
 * learned; a `ceiling`, the context in another order or with other demonstrations of the same kind; another `control` of the
 * context.
 */
export type SettingRole = 'null' | 'learner' | 'ceiling' | 'control';

/**
 * The role of a setting, by what stands in the column `method`.
 * @param id as {@link runSettingId} gives it
 */
export function roleOf(id: string): SettingRole {
  const [, learner, inside = ''] = /^([^[]*)(?:\[(.*)\])?$/.exec(id) ?? [undefined, id];
  const entries = inside === '' ? [] : inside.split(',');
  const has = (...names: string[]): boolean =>
    entries.some((entry) => names.includes(entry.split('=')[0] as string));
  // A learner of the user's own may mean anything else by it.
  const isBuiltIn = learners.some((known) => known.id === learner);
  if (learner === 'ZSL' || (isBuiltIn && has('noise'))) return 'null';
  const spoiled = has('labels', 'other-task', 'random-tokens');
  if (learner === 'ICL') return !spoiled && has('order', 'disjoint') ? 'ceiling' : 'control';
  return spoiled ? 'null' : 'learner';
}
