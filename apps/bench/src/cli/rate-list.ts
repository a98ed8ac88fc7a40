import { UserError } from '@icl-gd/gpu-kernels/errors';
import { learnerSetting } from '@icl-gd/methods';
import { PUBLISHED, isRateChosen } from '../experiment/development/rate-rules.ts';
import { RATE_RULES, type RunSetting, runSettingId } from '../experiment/setting.ts';
import { chooseList } from './choose.ts';

const TANGENT = 'tangent';
const RATES = [PUBLISHED, ...RATE_RULES, TANGENT] as const;

/**
 * The learners of a run under each way to choose a rate: as they are under `published`, with the rule for the others, along
 * the tangent for `tangent` (those that have one: with other options a step is no gradient's). A setting that has a rule of its
 * own, or no rate to choose, stays as it is, once.
 * @param text a comma-separated list
 * @throws UserError if a way is unknown or given twice, or none of the learners has a rate to choose, or a tangent
 */
export function settingsByRate(text: string, methods: readonly RunSetting[]): RunSetting[] {
  const rates = chooseList('--rate', text, RATES);
  const open = methods.filter(isRateChosen);
  if (open.length === 0 && rates.some((rate) => rate !== PUBLISHED))
    throw new UserError(`--rate ${text}: none of the methods has a learning rate to choose`);
  if (rates.includes(TANGENT) && open.every((setting) => under(TANGENT, setting) === undefined))
    throw new UserError(
      `--rate ${text}: none of the methods has a tangent; GD and LCGD have, without batch, steps, optimizer and noise`,
    );
  const settings = new Map<string, RunSetting>();
  // In one order, however they are typed.
  for (const rate of RATES.filter((own) => rates.includes(own)))
    for (const setting of methods) {
      const own = isRateChosen(setting) ? under(rate, setting) : setting;
      if (own && !settings.has(runSettingId(own))) settings.set(runSettingId(own), own);
    }
  return [...settings.values()];
}

function under(rate: (typeof RATES)[number], setting: RunSetting): RunSetting | undefined {
  if (rate === PUBLISHED) return setting;
  if (rate !== TANGENT) return { ...setting, rate };
  const { learner, options } = setting;
  if (!Object.hasOwn(learner.options?.shape ?? {}, TANGENT)) return undefined;
  const along = { ...options, [TANGENT]: 'true' };
  if (!learner.options?.safeParse(along).success) return undefined;
  return { ...setting, ...learnerSetting(learner, along), trainedOnly: true };
}
