import { type LearnerSetting, type ProbeToken, settingId } from '@icl-gd/methods';
import { IN_CONTEXT, ZERO_SHOT } from '../development/development-cells.ts';
import { rateGrid } from '../development/grid.ts';
import type { PreparedDevelopment } from '../development/prepare.ts';
import { REFERENCE, developedLearners } from '../development/rate-rules.ts';
import { NOISE_FLOOR_PASSES } from '../noise-floor.ts';
import type { RunSettings } from '../plan.ts';
import type { RunSetting } from '../setting.ts';
import { hasStepNorms, trainedCell, trainedSettings } from '../training/cells.ts';
import { type TrialPlan, ownAddress, settingsOf } from '../trial-plan.ts';
import { Work, trainingKey } from './work.ts';

/** What a run computes, cells that are the same once. */
export interface RunWork {
  readonly development: Work;
  readonly trials: Work;
  readonly noise: Work;
  /** Trainings whose weights or gradients are looked at. */
  readonly again: Work;
  readonly attention: Work;
}

/** What of a run is counted besides its trials. */
interface Counted {
  readonly settings: RunSettings;
  readonly development: readonly PreparedDevelopment[];
  readonly probeTokens: readonly ProbeToken[];
  readonly tokenBudget?: number | undefined;
}

export function countWork(plans: readonly TrialPlan[], counted: Counted): RunWork {
  const { settings, probeTokens, tokenBudget } = counted;
  const work = (): Work => new Work(tokenBudget);
  const [trials, noise, again, attention] = [work(), work(), work(), work()];
  const ownToken = probeTokens.slice(0, 1);
  const known = new Set<string>();
  const isNew = (key: string): boolean => known.size < known.add(key).size;
  for (const plan of plans) {
    const { prepared } = plan;
    for (const own of settingsOf(plan)) {
      const { setting, addresses } = own;
      if (isNew(ownAddress(own).key)) trials.add(setting, prepared, [...addresses.keys()]);
      if (settings.noiseFloor) noise.add(setting, prepared, ownToken, NOISE_FLOOR_PASSES);
    }
    if (settings.weightChanges || settings.gradientNorms)
      for (const own of trainedSettings(plan))
        if (isNew(trainedCell(own, 'weights').key)) {
          again.cells++;
          again.addTraining(own.setting, prepared, { key: againKey(own.setting, settings) });
        }
    if (plan.attention.length > 0) attention.addQueries(plan.inContext.setting, prepared, ownToken);
    for (const { setting } of plan.attention) attention.add(setting.setting, prepared, ownToken);
  }
  return { development: countDevelopment(counted), trials, noise, again, attention };
}

function countDevelopment({ settings, development, probeTokens, tokenBudget }: Counted): Work {
  const work = new Work(tokenBudget);
  const [zeroShot, inContext] = [ZERO_SHOT, IN_CONTEXT].map(onOwnDemonstrations) as [RunSetting, RunSetting];
  for (const { runs } of development)
    for (const [i, prepared] of runs.entries()) {
      // Zero-shot's are those of all seeds.
      if (i === 0) work.add(zeroShot, prepared, probeTokens);
      work.add(inContext, prepared, probeTokens);
      for (const { setting, rates } of ratesTried(settings))
        work.add(onOwnDemonstrations(setting), prepared, probeTokens, rates);
    }
  return work;
}

/** Rates that a learner is tried at: the grid, and about one more for each rule that searches. */
function ratesTried(settings: RunSettings): { readonly setting: LearnerSetting; readonly rates: number }[] {
  return developedLearners(settings).map(({ setting, rules }) => {
    const keepsItsOwn = settingId(setting) === settingId(REFERENCE);
    const searching = rules.filter((rule) => rule === 'best' || !keepsItsOwn);
    return { setting, rates: rateGrid(1).length + searching.length };
  });
}

export function onOwnDemonstrations(setting: LearnerSetting): RunSetting {
  return { ...setting, demonstrations: {} };
}

/** Kind of a training whose gradient norms are told under every definition, which trains by itself. */
function againKey(
  setting: RunSetting,
  { gradientNorms = false }: Pick<RunSettings, 'gradientNorms'>,
): string {
  return gradientNorms && hasStepNorms(setting) ? `${settingId(setting)} with norms` : trainingKey(setting);
}
