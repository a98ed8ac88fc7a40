import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import { type MetricCatalogue, accuracy, builtInMetrics, findMetric, layerMean } from '@icl-gd/metrics';
import { MODEL_VARIANTS, type ModelLocation, type ModelVariant, UserError } from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { ForeignFamily } from '../plugins/family-file.ts';
import { doing } from '../terminal/heartbeat.ts';
import { applicableSettings, describeUnavailable } from './availability.ts';
import { planDisk } from './disk.ts';
import type { Development } from './development/development.ts';
import { developBeforeTrials } from './development/stage.ts';
import {
  earlierTrials,
  inTableOrder,
  keepRecorded,
  preparedOf,
  recordedElsewhere,
} from './earlier-trials.ts';
import { type RunInputs, readInputs, requireWritable } from './inputs.ts';
import { LoadedModel } from './loaded-model.ts';
import { type PlannedRoom, lockstepOfRun } from './lockstep/plan-room.ts';
import { Room } from './lockstep/room.ts';
import { Trainings } from './lockstep/trainings.ts';
import { planRunMemory, workloadsOf } from './memory.ts';
import { type Planning, planCells } from './plan-cells.ts';
import { NOISE_FLOOR_PASSES } from './noise-floor.ts';
import { type RunSettings, type Trial, comparedSettings, byModel, planTrials, trialName } from './plan.ts';
import { openAdapter } from './profile/open-adapter.ts';
import { type Progress, createProgress } from './progress.ts';
import type { RunRequest } from './run-request.ts';
import { RecordStore } from './record-store.ts';
import type { SettingRecord } from './record.ts';
import { type TrialOutcome, TrialRunner } from './run-trial.ts';
import { linkSavedProbes, removeOtherProbes } from './saved-probes.ts';
import { Scoring } from './scoring/scoring.ts';
import { Tally } from './tally.ts';
import type { TrainingMeasures } from './training/cells.ts';
import { trainingUnits } from './training/measure-training.ts';
import { leftOutOfTrainingAttention } from './training-attention/places.ts';
import { attentionUnits } from './training-attention/record-trial.ts';
import { type TrialPlan, addressesOf, ownAddress, settingsOf, unitsOf } from './trial-plan.ts';
import { type TrialResult, readTrial } from './trial-result.ts';

/** A run whose cells are all on record. */
export interface FinishedRun {
  readonly inputs: RunInputs;
  /** Where the model was fetched from, if it was. */
  readonly hub: ModelLocation['hub'];
  readonly settings: RunSettings;
  readonly adapter: AdapterDescription;
  /** The words that asked for it, if it was asked for in words. */
  readonly command?: readonly string[];
  /** Files of the learners that are not part of this program, by id. */
  readonly foreignLearners: NonNullable<RunRequest['foreignLearners']>;
  /** Metrics that are not part of this program, by id; none if absent. */
  readonly foreignMetrics?: RunRequest['foreignMetrics'];
  /** The family of the model, where it is not part of this program. */
  readonly foreignFamily?: ForeignFamily | undefined;
  /** What is measured; the built-in metrics if absent. */
  readonly metrics?: MetricCatalogue;
  /** What was measured on development data, if the run asks for it. */
  readonly development?: Development | undefined;
  /** Whether no cell diverged. */
  readonly complete: boolean;
  /** What was put before the model in the trials below. */
  readonly prepared: readonly PreparedRun[];
  /** Of the trials below, in the order of the program's list. */
  readonly variants: readonly ModelVariant[];
  /**
   * What was measured, trial by trial, read from the records one at a time: the trials that were asked for, and those of
   * other variants, seeds and orders that other runs of the same configuration have on record. Their order does not
   * depend on that of the runs.
   */
  trials(): AsyncGenerator<TrialResult>;
}

/**
 * Computes every cell of a run that is not on record yet.
 * @throws UserError before anything is written if an input does not fit; the reason of the request's signal
 */
export async function runExperiment(
  asked: RunRequest,
  progress: Progress = createProgress(),
): Promise<FinishedRun> {
  const { out, signal } = asked;
  signal?.throwIfAborted();
  const log = (line: string): void => progress.line(line);
  doing({ text: 'reading model and data' });
  const store = new RecordStore(asked.recordsIn ?? out, log);
  const earlier = asked.fresh ? [] : earlierTrials(store.names(), asked.settings, planTrials(asked.settings));
  const inputs = await readInputs(asked, asked.settings, { ...asked.observer, signal }, earlier);
  const { settings, lines } = applicableSettings(asked.settings, inputs.model.config);
  const request: RunRequest = { ...asked, settings };
  for (const line of [...lines, ...describeUnavailable(settings, inputs.prepared)]) log(line);
  if (request.saveProbes && request.discardProbes)
    throw new UserError('--save-probes keeps h and m: it does not go with --discard-probes');
  await requireWritable(out);
  const gpu = await openAdapter(request, log);
  let together: PlannedRoom = { cells: 1, probed: 1 };
  const models = new LoadedModel(gpu, request, () => {
    const room = { budget: request.memoryBudget, lockstep: lockstepOfRun(request, inputs) };
    together = planRunMemory(gpu, inputs.model.config, workloadsOf(request, inputs), room, log);
  });
  const trainings = new Trainings(Room.planned(() => together));
  const scoring = new Scoring();
  try {
    const stage = { inputs, store, models, trainings, progress };
    const development = await developBeforeTrials(request, stage, gpu.adapter);
    const planning = { request, adapter: gpu.adapter, development };
    const [plans, earlierPlans] = planCells(planning, inputs, earlier);
    if (!request.fresh) await store.reportPassedOver(plans.flatMap(addressesOf));
    await planDisk(request.recordsIn ?? out, plans, {
      store,
      config: inputs.model.config,
      discard: request.discardProbes,
      log,
    });
    const complete = await computeCells(request, { ...stage, scoring, plans });
    await request.profile?.end();
    const besidePlans = await planBeside(planning, store, earlier, log);
    const { whole, partial } = await keepRecorded(
      request.recordsIn ?? out,
      [...earlierPlans, ...besidePlans],
      settings,
    );
    const tabulated = inTableOrder([...plans, ...whole], settings);
    await removeOtherProbes(store, out, tabulated);
    for (const line of describeTables(store, settings, plans, { whole, partial })) log(line);
    return {
      inputs,
      hub: request.model.hub,
      ...(request.command ? { command: request.command } : {}),
      settings,
      adapter: gpu.adapter,
      foreignLearners: request.foreignLearners ?? new Map(),
      foreignMetrics: request.foreignMetrics,
      foreignFamily: request.foreignFamilies?.find(
        ({ family }) => family.modelType === inputs.model.config.family,
      ),
      metrics: plans[0]?.metrics ?? builtInMetrics,
      development,
      complete,
      prepared: preparedOf(tabulated),
      variants: MODEL_VARIANTS.filter((variant) => tabulated.some(({ trial }) => trial.variant === variant)),
      async *trials() {
        for (const plan of tabulated) {
          const noiseFloor = settings.noiseFloor && (plans.includes(plan) || store.has(plan.noise));
          const required = plans.includes(plan);
          const training = { ...measuresOf(settings), required };
          yield await readTrial(store, plan, { noiseFloor, training, partial: !required });
        }
      },
    };
  } finally {
    progress.stop();
    scoring.dispose();
    trainings.dispose();
    models.dispose();
    gpu.dispose();
  }
}

/** Plans of trials that another run recorded in the same folder while this one computed. */
async function planBeside(
  planning: Planning,
  store: RecordStore,
  earlier: readonly Trial[],
  log: (line: string) => void,
): Promise<TrialPlan[]> {
  const { request } = planning;
  if (request.fresh) return [];
  const { settings } = request;
  store.refresh();
  const beside = earlierTrials(store.names(), settings, [...planTrials(settings), ...earlier]);
  if (beside.length === 0) return [];
  const datasets = settings.datasets.filter(({ id }) => beside.some(({ dataset }) => dataset === id));
  try {
    const inputs = await readInputs(request, { ...settings, datasets }, {}, beside, settings.datasets);
    return planCells(planning, inputs, beside)[1];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log(`trials that another run has recorded here are not in these tables: ${error.message}`);
    return [];
  }
}

/** What the tables hold beside what was asked for, and what they lack of what is on record. */
function describeTables(
  store: RecordStore,
  settings: RunSettings,
  plans: readonly TrialPlan[],
  { whole, partial }: { readonly whole: readonly TrialPlan[]; readonly partial: readonly TrialPlan[] },
): string[] {
  const lines: string[] = [];
  const name = (some: readonly TrialPlan[]): string =>
    shorten(
      inTableOrder(some, settings).map(({ trial }) => `${trialName(trial)} order ${trial.permutation}`),
    );
  if (whole.length > 0) lines.push(`also in the tables, from other runs: ${name(whole)}`);
  if (partial.length > 0)
    lines.push(
      `on record without all that was asked for here, and so not in these tables: ${name(partial)} (name them and they are completed)`,
    );
  const { datasets, methods } = recordedElsewhere(store.names(), settings, plans);
  const others = [
    ...(datasets.length === 0 ? [] : [`datasets ${shorten(datasets)}`]),
    ...(methods.length === 0 ? [] : [`methods ${shorten(methods)}`]),
  ];
  if (others.length > 0)
    lines.push(
      `on record but not in these tables, since the command does not name them: ${others.join('; ')}`,
    );
  return lines;
}

const MOST_NAMED = 6;

function shorten(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? [`and ${names.length - MOST_NAMED} more`] : [];
  return [...names.slice(0, MOST_NAMED), ...more].join(', ');
}

interface Work {
  readonly inputs: RunInputs;
  readonly models: LoadedModel;
  readonly trainings: Trainings;
  readonly scoring: Scoring;
  readonly store: RecordStore;
  readonly plans: readonly TrialPlan[];
  readonly progress: Progress;
}

/** @returns whether no cell diverged */
async function computeCells(
  request: RunRequest,
  { inputs, models, trainings, scoring, store, plans, progress }: Work,
): Promise<boolean> {
  const { settings } = request;
  const tally = new Tally();
  let place = '';
  const runner = new TrialRunner({
    store,
    tally,
    config: inputs.model.config,
    modelName: inputs.model.name,
    releasedNorms: settings.releasedNorms,
    noiseFloor: settings.noiseFloor,
    training: measuresOf(settings),
    fresh: request.fresh,
    written: request.written ?? new Set(),
    keepAllProbes: request.saveProbes,
    loadModel: (trial) => models.get(trial),
    ...{ trainings, scoring },
    onWork: (units, doing) => progress.advance(units, `${place} ${doing}`),
    signal: request.signal,
    ...(request.tokenBudget === undefined ? {} : { tokenBudget: request.tokenBudget }),
  });
  if (settings.trainingAttention)
    for (const line of leftOutOfTrainingAttention(comparedSettings(settings), inputs.prepared[0]))
      progress.line(line);
  progress.start(totalUnits(plans, settings));
  let complete = true;
  let advised = false;
  const groups = byModel(plans, settings, ({ trial }) => trial);
  const ordered = groups.flat();
  for (const [i, plan] of ordered.entries()) {
    const ofModel = groups.find(([first]) => first === plan);
    if (ofModel) await runner.expect(ofModel);
    request.signal?.throwIfAborted();
    place = `[${i + 1}/${plans.length}]`;
    const next = ordered[i + 1];
    const isOther = groups.some(([first]) => first === next);
    const outcome = await runner.run(plan, isOther ? undefined : next);
    if (request.saveProbes) await linkSavedProbes(store, request.out, plan, outcome);
    if (request.discardProbes) await discardProbes(store, plan, ordered[i + 1]);
    const advice = advised || request.fresh ? '' : ' (--fresh computes it again)';
    progress.line(describe(plan, outcome, request.fresh ? 'pass' : `run${advice}`));
    advised ||= outcome.recorded;
    complete &&= [...outcome.records.values()].every(({ status }) => status === 'finished');
  }
  progress.line(tally.describe());
  request.counts?.ask(plans);
  request.counts?.compute(tally.computed);
  return complete;
}

/** Zero-shot's are kept as long as the next trial shares them. */
async function discardProbes(
  store: RecordStore,
  plan: TrialPlan,
  next: TrialPlan | undefined,
): Promise<void> {
  const shared = new Set(next ? [...next.zeroShot.addresses.values()].map(({ key }) => key) : []);
  for (const address of addressesOf(plan)) if (!shared.has(address.key)) await store.discardProbes(address);
}

function measuresOf({ weightChanges, gradientNorms }: RunSettings): TrainingMeasures {
  return { weightChanges, gradientNorms };
}

/**
 * Work of cells, each once; of a noise floor, all settings again; of training attention, its learners and contexts again; of what
 * is measured of trainings, these again.
 */
function totalUnits(plans: readonly TrialPlan[], settings: RunSettings): number {
  const { noiseFloor } = settings;
  const units = new Map<string, number>();
  let again = 0;
  for (const plan of plans) {
    again += trainingUnits(plan, measuresOf(settings));
    again += attentionUnits(plan);
    for (const setting of settingsOf(plan)) {
      const own = unitsOf(plan, setting);
      units.set(ownAddress(setting).key, own);
      if (noiseFloor) again += NOISE_FLOOR_PASSES * own;
    }
  }
  return [...units.values()].reduce((total, own) => total + own, again);
}

function describe(
  { trial, prepared, zeroShot, inContext, metrics }: TrialPlan,
  { records, recorded }: TrialOutcome,
  /** What has left the records that are taken. */
  earlier: string,
): string {
  const name = trialName(trial);
  if (recorded) return `${name}: taken from an earlier ${earlier}`;
  const percent = (record: SettingRecord | undefined): string => {
    const predictions = record?.status === 'finished' ? record.predictions : [];
    const share = accuracy(
      prepared.gold,
      predictions.map(({ predicted }) => predicted),
    );
    return `${(100 * (share ?? 0)).toFixed(0)} %`;
  };
  const [zsl, icl] = [records.get(zeroShot.id), records.get(inContext.id)];
  const baselines =
    zsl?.status === 'finished' && icl?.status === 'finished'
      ? [`ZSL ${percent(zsl)}, ICL ${percent(icl)}`]
      : [];
  const methods = [...records].flatMap(([id, record]) => {
    if (id === zeroShot.id || id === inContext.id) return [];
    if (record.status === 'diverged') return [`${id} diverged (${record.message})`];
    const [first] = Object.entries(record.metrics);
    const score = first
      ? [`${findMetric(first[0], metrics).label} ${layerMean(first[1].values)?.toFixed(3) ?? 'undefined'}`]
      : [];
    const share = record.directionsOnly ? [] : [`accuracy ${percent(record)}`];
    return [`${id} ${[...score, ...share].join(', ')}`];
  });
  return `${name}: ${[...baselines, ...methods].join('; ')}`;
}
