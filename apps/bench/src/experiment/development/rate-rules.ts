import { type LearnerSetting, gradientDescent, learnerSetting, settingId, takesRate } from '@icl-gd/methods';
import type { ModelVariant } from '@icl-gd/transformer';
import { type RunSettings, comparedSettings } from '../plan.ts';
import { RATE_RULES, type RateRule, type RunSetting } from '../setting.ts';

/** The rate that the run was given, or the task's: what a setting without a rule has. */
export const PUBLISHED = 'published';

/** What levels are matched to, at the run's own rate, which it keeps under every rule that matches. */
export const REFERENCE: LearnerSetting = learnerSetting(gradientDescent);

/** Whether `--rate` chooses the rate of a setting: of one that trains, and has neither a rule of its own nor noise for steps. */
export function isRateChosen(setting: RunSetting): boolean {
  return takesRate(setting) && setting.rate === undefined && setting.options['noise'] !== true;
}

/**
 * The setting whose rate is chosen where this one has a rule: the same learner on the trial's own demonstrations and without
 * noise. So a null learner has the rate of what it is the null of.
 */
export function rateOwner({ learner, options }: LearnerSetting): LearnerSetting {
  const { noise, ...rest } = options;
  return { learner, options: noise === true ? rest : options };
}

/** The learners whose rates are looked at, with the rules that some setting of the run has for each, in the order of the rules. */
export function developedLearners({
  methods,
  controls,
}: Pick<RunSettings, 'methods' | 'controls'>): { setting: LearnerSetting; rules: RateRule[] }[] {
  const owners = new Map<string, { setting: LearnerSetting; rules: Set<RateRule> }>();
  const named = [...methods, ...controls.filter(({ rate }) => rate)];
  for (const each of named.filter(takesRate)) {
    const setting = rateOwner(each);
    const id = settingId(setting);
    const own = owners.get(id) ?? { setting, rules: new Set<RateRule>() };
    if (each.rate) own.rules.add(each.rate);
    owners.set(id, own);
  }
  return [...owners.values()].map(({ setting, rules }) => ({
    setting,
    rules: RATE_RULES.filter((rule) => rules.has(rule)),
  }));
}

/** What a run puts development data to: its learners, and what levels are matched to, on the trial's own demonstrations. */
export function developmentSettings(settings: RunSettings): RunSettings {
  const learners = developedLearners(settings).map(({ setting }) => setting);
  const methods = [...learners, REFERENCE].map((setting) => ({ ...setting, demonstrations: {} }));
  return { ...settings, methods, controls: [], releasedNorms: false, noiseFloor: false };
}

/** What is compared with in-context learning on a variant: a rate that was chosen on the trained model is for that model alone. */
export function settingsOn(
  variant: ModelVariant,
  { controlVariants, ...settings }: Pick<RunSettings, 'methods' | 'controls' | 'controlVariants'>,
): RunSetting[] {
  const controls = (controlVariants?.includes(variant) ?? true) ? settings.controls : [];
  return comparedSettings({ ...settings, controls }).filter(
    ({ rate, trainedOnly }) => variant === 'trained' || (rate === undefined && !trainedOnly),
  );
}
