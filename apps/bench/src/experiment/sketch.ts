import { choiceId } from '../tasks/prompts/demonstration-choice.ts';
import type { DemonstrationChoice } from '../tasks/prompts/demonstration-choice.ts';
import type { DemonstrationSet } from '../tasks/prompts/choose-demonstrations.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { selectDemonstrations } from '../tasks/prompts/selection.ts';
import { orderDatasets } from '../tasks/tasks.ts';
import type { RunIdentity } from './cell.ts';
import { plannedRates } from './development/planned-rates.ts';
import { type RunSettings, type Trial, comparedSettings, planTrials } from './plan.ts';
import type { RunRequest } from './run-request.ts';
import { choicesAmong } from './setting.ts';
import { SettingCounts } from './setting-counts.ts';
import { planTrial } from './trial-plan.ts';

/**
 * Counts the settings of runs before anything is read: of plans in which a number stands for a demonstration, so that cells are the
 * same where those of the runs will be.
 */
export function sketchCounts(
  requests: readonly Pick<RunRequest, 'settings' | 'alsoProbe' | 'foreignLearners'>[],
): SettingCounts {
  const counts = new SettingCounts();
  for (const { settings, alsoProbe = [], foreignLearners = new Map() } of requests) {
    const identity: RunIdentity = {
      environment: { format: '', code: '', scores: '', adapter: '', model: '' },
      settings,
      rates: plannedRates(settings),
      foreignLearners: new Map([...foreignLearners].map(([id, { digest }]) => [id, digest])),
    };
    const tokens = [...new Set([settings.probe, ...alsoProbe])];
    counts.ask(
      planTrials(settings).map((trial) =>
        planTrial(identity, trial, sketchPrepared(settings, trial), tokens),
      ),
    );
  }
  return counts;
}

/** One query a dataset, and demonstrations in the orders in which they will be. */
function sketchPrepared(settings: RunSettings, trial: Trial): PreparedRun {
  const { dataset, seed, permutation } = trial;
  const place = orderDatasets(settings.datasets.map(({ id }) => id)).indexOf(dataset);
  const choices = choicesAmong(comparedSettings(settings));
  return {
    ...{ dataset, seed, permutation, gold: [0], validationRows: [place], longestItem: 1 },
    queries: [{ tokens: [place], options: [[0], [1]] }],
    ...sketchDemonstrations(settings, trial, {}),
    chosen: new Map(choices.map((own) => [choiceId(own), sketchDemonstrations(settings, trial, own)])),
  };
}

function sketchDemonstrations(
  { fineTuningOrder }: RunSettings,
  { seed, permutation, shots }: Trial,
  { order, disjoint, ...contents }: DemonstrationChoice,
): DemonstrationSet {
  const selection = {
    ...{ trainRows: 4 * shots, shots, seed, permutation: order ?? (disjoint ? 0 : permutation) },
    skipped: disjoint ? shots : 0,
  };
  const trainRows = selectDemonstrations(selection);
  const fineTuningRows = selectDemonstrations({ ...selection, order: fineTuningOrder });
  const letters = [...choiceId(contents)].map((letter) => letter.codePointAt(0) as number);
  const show = (rows: readonly number[]) => rows.map((row) => ({ tokens: [row, ...letters] }));
  const demonstrations = show(trainRows);
  return {
    ...{ trainRows, fineTuningRows, demonstrations, fineTuningDemonstrations: show(fineTuningRows) },
    context: {
      tokens: demonstrations.flatMap(({ tokens }) => tokens),
      demonstrations: demonstrations.length,
    },
  };
}
