import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Learner, ProbeToken } from '@icl-gd/methods';
import type { Model, ModelVariant } from '@icl-gd/transformer';
import type { RunIdentity } from '../experiment/cell.ts';
import { type RunSettings, type Trial, byModel, initSeedOf, planTrials } from '../experiment/plan.ts';
import { Room } from '../experiment/lockstep/room.ts';
import { type Lockstep, Trainings } from '../experiment/lockstep/trainings.ts';
import { RecordStore } from '../experiment/record-store.ts';
import { TrialRunner } from '../experiment/run-trial.ts';
import { Scoring } from '../experiment/scoring/scoring.ts';
import { runSetting } from '../experiment/setting.ts';
import { Tally } from '../experiment/tally.ts';
import { type TrialPlan, planTrial } from '../experiment/trial-plan.ts';
import { type TrialResult, readTrial } from '../experiment/trial-result.ts';
import { toCsv } from '../results/csv.ts';
import { trialTables } from '../results/rows.ts';
import { buildContext, longestItem } from '../tasks/prompts/context.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { findTask } from '../tasks/tasks.ts';
import { FAKE_CONFIG, FAKE_LEARNERS, fakeModel } from './fake-model.ts';

interface Changes {
  readonly settings?: Partial<RunSettings>;
  readonly learners?: readonly Learner[];
  readonly environment?: Partial<RunIdentity['environment']>;
  /** The run's own first. */
  readonly probeTokens?: readonly ProbeToken[];
  readonly fresh?: boolean;
  readonly written?: Set<string>;
  /** What trials put before the model; {@link fakePrepared} if absent. */
  readonly prepare?: (trial: Trial) => PreparedRun;
  readonly keepAllProbes?: boolean;
  /** Trainings that may be on the device at once; one if absent. */
  readonly together?: number;
  readonly lockstep?: Lockstep;
  /** How scores are computed; as in a run if absent. */
  readonly scoring?: Scoring;
  /** Makes the model of a variant; the fake one if absent. */
  readonly modelOf?: (variant: ModelVariant) => Model;
}

interface Outcome {
  /** By file. */
  readonly tables: Readonly<Record<string, string>>;
  /** What was computed and what was there: see {@link Tally}. */
  readonly counts: string;
  /** Warnings. */
  readonly lines: readonly string[];
  /** Variants in the order in which they were loaded. */
  readonly loaded: readonly ModelVariant[];
  /** The same with the seeds of what is drawn anew. */
  readonly initialisations: readonly string[];
  /** Units of work that were reported. */
  readonly units: number;
}

const SETTINGS: Omit<RunSettings, 'methods'> = {
  controls: [],
  ...{ datasets: [findTask('mr')], variants: ['trained'], seeds: [5, 6], examples: 3 },
  ...{ probe: 'label', dtype: 'float32', releasedNorms: true, noiseFloor: false },
};
const ENVIRONMENT = { format: 'f', code: 'c', scores: 's', adapter: 'a', model: 'm' };

/** A run's settings and plans, of the fake model. */
function planRun({
  learners = FAKE_LEARNERS,
  probeTokens = ['label'],
  prepare = fakePrepared,
  ...changes
}: Changes) {
  const settings: RunSettings = {
    ...SETTINGS,
    methods: learners.map((learner) => runSetting(learner)),
    ...changes.settings,
  };
  const identity: RunIdentity = {
    environment: { ...ENVIRONMENT, ...changes.environment },
    settings,
    foreignLearners: new Map(),
  };
  const plans = planTrials(settings).map((trial) => planTrial(identity, trial, prepare(trial), probeTokens));
  return { settings, plans };
}

/** The plan of the first trial. */
export function fakePlan(changes: Changes = {}): TrialPlan {
  return planRun(changes).plans[0] as TrialPlan;
}

/** Plans, computes, records and tabulates trials on a fake model, as a run does on a real one, in milliseconds. */
export async function fakeRun(out: string, changes: Changes = {}): Promise<Outcome> {
  const { modelOf = fakeModel } = changes;
  const { settings, plans } = planRun(changes);
  const { weightChanges, gradientNorms } = settings;
  const lines: string[] = [];
  const loaded: ModelVariant[] = [];
  const initialisations: string[] = [];
  const store = new RecordStore(out, (line) => lines.push(line));
  const tally = new Tally();
  let units = 0;
  let model: Model | undefined;
  const runner = new TrialRunner({
    ...{
      store,
      tally,
      config: FAKE_CONFIG,
      modelName: 'fake',
      releasedNorms: settings.releasedNorms,
      noiseFloor: settings.noiseFloor,
      training: { weightChanges, gradientNorms },
    },
    fresh: changes.fresh ?? false,
    written: changes.written ?? new Set(),
    keepAllProbes: changes.keepAllProbes ?? false,
    loadModel: async (trial) => {
      const { variant } = trial;
      if (loaded.at(-1) !== variant) loaded.push(variant);
      const own = `${variant} ${initSeedOf(settings, trial)}`;
      if (!model || initialisations.at(-1) !== own) {
        initialisations.push(own);
        model = modelOf(variant);
      }
      return model;
    },
    trainings: new Trainings(new Room(() => changes.together ?? 1), changes.lockstep),
    scoring: changes.scoring ?? new Scoring(),
    onWork: (more) => (units += more),
  });
  for (const ofModel of byModel(plans, settings, ({ trial }) => trial)) {
    await runner.expect(ofModel);
    for (const [i, plan] of ofModel.entries()) await runner.run(plan, ofModel[i + 1]);
  }
  const results: TrialResult[] = [];
  for (const plan of plans) {
    const training = { weightChanges, gradientNorms, required: true };
    results.push(await readTrial(store, plan, { noiseFloor: settings.noiseFloor, training }));
  }
  const tables = Object.fromEntries(
    trialTables({ ...settings, taskOptions: 2, releasedNorms: true }).map(({ file, columns, rows }) => [
      file,
      toCsv({ columns, rows: results.flatMap((result) => rows('fake', result)) }),
    ]),
  );
  return { tables, counts: tally.describe(), lines, loaded, initialisations, units };
}

/** Names of the records, without keys. */
export function recordNames(out: string): string[] {
  return readdirSync(join(out, 'records'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace(/-[0-9a-f]{32}\.json$/, ''))
    .toSorted();
}

/** Three queries, with options of one and of several tokens, and demonstrations by seed and order. */
export function fakePrepared({
  dataset,
  seed,
  permutation,
}: Pick<Trial, 'dataset' | 'seed' | 'permutation'>): PreparedRun {
  const options = [[7], [8, 9]];
  const queries = [[11, 12], [13], [14, 15, 16]].map((tokens) => ({ tokens, options }));
  const drawn = [1, 2, 3].map((i) => ({ tokens: [20 + seed, 30 + i, ...(options[i % 2] as number[])] }));
  const demonstrations = permutation === 0 ? drawn : drawn.toReversed();
  const longest = longestItem(queries);
  const limits = { bosTokenId: 1, eosTokenId: 2, contextLength: FAKE_CONFIG.contextLength };
  return {
    ...{ dataset, seed, permutation, demonstrations, queries, gold: [0, 1, 1], longestItem: longest },
    ...{ trainRows: [1, 2, 3], fineTuningRows: [1, 2, 3], validationRows: [17, 4, 9] },
    fineTuningDemonstrations: demonstrations,
    context: buildContext(demonstrations, longest, limits),
  };
}
