import { acquireGpu } from '@icl-gd/gpu-kernels';
import { doing } from '../../terminal/heartbeat.ts';
import { applicableSettings } from '../availability.ts';
import { plannedRates } from '../development/planned-rates.ts';
import { readInputs } from '../inputs.ts';
import { LoadedModel } from '../loaded-model.ts';
import { type PlannedRoom, lockstepOfRun } from '../lockstep/plan-room.ts';
import { Room } from '../lockstep/room.ts';
import { Trainings } from '../lockstep/trainings.ts';
import { planRunMemory, workloadsOf } from '../memory.ts';
import { byModel } from '../plan.ts';
import { planCells } from '../plan-cells.ts';
import { RecordStore } from '../record-store.ts';
import { runIdentity } from '../run-identity.ts';
import type { RunRequest } from '../run-request.ts';
import { Scoring } from '../scoring/scoring.ts';
import { Tally } from '../tally.ts';
import type { TrialPlan } from '../trial-plan.ts';
import { type RunWork, countWork } from './count-work.ts';
import { measureDevelopment } from './measure-development.ts';
import { measureTraining } from './measure-training.ts';
import { measureTrials } from './measure-trials.ts';
import { type SampleSize, sampleOf, sampleSize } from './sample.ts';
import { type Spent, sum, timed, times, without } from './spent.ts';
import { TimedTraining } from './timed-training.ts';

/** How long a run will take: by the clock on a machine as busy as it was while this was measured. */
export interface PlannedTime {
  readonly work: {
    readonly cells: number;
    readonly steps: number;
    readonly stepTokens: number;
    readonly probedTokens: number;
    readonly flop: number;
  };
  readonly adapter: string;
  readonly all: Spent;
  /** In the order in which they come; of what is not asked for nothing. */
  readonly parts: readonly { readonly what: string; readonly spent: Spent }[];
  /** Seconds that measuring took. */
  readonly measured: number;
}

/** Trials that are measured, at most: one a dataset first. */
const TRIALS = 3;

/**
 * Measures cells of the run with its own code, model and data: of few trials, with some of their queries and steps of training.
 * What the run takes follows in proportion.
 * @param folder for records, which the caller removes
 * @throws UserError as the run itself would
 */
export async function measureRun(asked: RunRequest, folder: string): Promise<PlannedTime> {
  const begun = performance.now();
  doing({ text: 'reading model and data' });
  const [reading, inputs] = await timed(() => readInputs(asked, asked.settings, asked.observer));
  const { config } = inputs.model;
  const { settings } = applicableSettings(asked.settings, config);
  const request: RunRequest = { ...asked, settings, out: folder, recordsIn: folder };
  const gpu = await acquireGpu({ adapter: request.adapter, matmul: settings.matmul ?? 'auto' });
  let together: PlannedRoom = { cells: 1, probed: 1 };
  let models = new LoadedModel(gpu, request, () => {
    const room = { budget: request.memoryBudget, lockstep: lockstepOfRun(request, inputs) };
    together = planRunMemory(gpu, config, workloadsOf(request, inputs), room, () => {});
  });
  const training = new TimedTraining();
  const trainings = new Trainings(
    Room.planned(() => together),
    training,
  );
  const scoring = new Scoring();
  try {
    const planning = { request, adapter: gpu.adapter, development: { rates: plannedRates(settings) } };
    const probeTokens = [...new Set([settings.probe, ...(request.alsoProbe ?? [])])];
    const { tokenBudget } = request;
    const count = (plans: readonly TrialPlan[], development = inputs.development): RunWork =>
      countWork(plans, { settings, development, probeTokens, tokenBudget });
    const [plans] = planCells(planning, inputs, []);
    const groups = byModel(plans, settings, ({ trial }) => trial);
    const size = sampleSize(config, gpu.adapter, inputs.prepared);
    /** Trials of the first model, shortened. */
    const samplesOf = (own: SampleSize): readonly TrialPlan[] => {
      const prepared = inputs.prepared.map((run) => sampleOf(run, own));
      const [samples] = planCells(planning, { ...inputs, prepared }, []);
      return byModel(samples, settings, ({ trial }) => trial)[0] ?? [];
    };
    const ofFirst = samplesOf(size);
    const [first] = ofFirst;
    if (!first) throw new Error('a run without trials');
    const [compiling] = await timed(() => models.get(first.trial));
    models.dispose();
    models = new LoadedModel(gpu, request);
    const [loading, model] = await timed(() => models.get(first.trial));
    const store = new RecordStore(folder, () => {});
    doing({ text: 'measuring' });
    const measured = fewOf(ofFirst, (plan) => count([plan], []).trials.flop(config), size.flop);
    const options = {
      ...{ store, tally: new Tally(), config, modelName: inputs.model.name, trainings, scoring },
      ...{ releasedNorms: settings.releasedNorms, keepAllProbes: false, onWork: () => {} },
      loadModel: (trial: TrialPlan['trial']) => models.get(trial),
      ...(tokenBudget === undefined ? {} : { tokenBudget }),
    };
    const { noiseFloor, weightChanges, gradientNorms } = settings;
    const extras = {
      noiseFloor,
      ...(weightChanges || gradientNorms ? { training: { weightChanges, gradientNorms } } : {}),
    };
    const ofSample = (own: readonly TrialPlan[]): RunWork => count(own, []);
    const measure = () => measureTrials(measured, { options, extras, training, count: ofSample });
    const [cold] = await timed(measure);
    training.forget();
    const [warm, rates] = await timed(measure);
    const compiled = [
      without(cold, warm),
      await measureTraining(model, samplesOf({ ...size, steps: 1 }), ofFirst, {
        ...{ trainings, training, releasedNorms: settings.releasedNorms, most: size.trainings },
      }),
    ];
    const development = inputs.development.find(({ runs }) => runs.length > 0);
    const task = settings.datasets.find(({ id }) => id === development?.dataset);
    if (development && task) {
      await models.get({ variant: 'trained', seed: 0 });
      const { share, compiling: own } = await measureDevelopment(
        task,
        { runs: development.runs.map((run) => sampleOf(run, size)) },
        {
          ...{ identity: runIdentity(request, inputs, gpu.adapter), store, tally: new Tally() },
          ...{ probeTokens, tokenBudget, trainings, onWork: () => {} },
          loadModel: () => models.get({ variant: 'trained', seed: 0 }),
        },
        { settings, rates, training },
      );
      rates.development = share;
      compiled.push(own);
    }
    const work = count(plans);
    const parts = [
      {
        what: 'development',
        spent: sum(
          rates.takingIn(work.development),
          times(rates.queries(work.development), rates.development),
        ),
      },
      { what: 'taking in demonstrations', spent: rates.takingIn(work.trials) },
      { what: 'queries and scores', spent: rates.queries(work.trials) },
      {
        what: 'noise floor',
        spent: sum(rates.takingIn(work.noise), times(rates.queries(work.noise), rates.noise)),
      },
      {
        what: 'training once more',
        spent: sum(rates.takingIn(work.again), times(rates.again, work.again.cells)),
      },
      { what: 'training attention', spent: rates.all(work.attention) },
      {
        what: 'reading, loading and compiling',
        spent: sum(reading, compiling, times(loading, groups.length - 1), ...compiled),
      },
    ];
    const all = Object.values(work);
    const total = (of: (own: (typeof all)[number]) => number): number =>
      all.reduce((a, own) => a + of(own), 0);
    return {
      work: {
        cells: total(({ cells }) => cells),
        steps: total(({ steps }) => steps),
        stepTokens: total(({ stepTokens }) => stepTokens),
        probedTokens: total(({ probedTokens }) => probedTokens),
        flop: total((own) => own.flop(config)),
      },
      adapter: gpu.adapter.description,
      all: sum(...parts.map(({ spent }) => spent)),
      parts: parts.filter(({ spent }) => spent.cpu > 0),
      measured: (performance.now() - begun) / 1e3,
    };
  } finally {
    scoring.dispose();
    trainings.dispose();
    models.dispose();
    gpu.dispose();
  }
}

/** Trials of as many datasets as may be, all together within a limit; one at least. */
function fewOf(trials: readonly TrialPlan[], flopOf: (plan: TrialPlan) => number, most: number): TrialPlan[] {
  const isFirst = ({ trial }: TrialPlan): boolean =>
    trials.find((other) => other.trial.dataset === trial.dataset)?.trial === trial;
  const ordered = [...trials.filter(isFirst), ...trials.filter((own) => !isFirst(own))];
  const few: TrialPlan[] = [];
  let flop = 0;
  for (const plan of ordered.slice(0, TRIALS)) {
    flop += flopOf(plan);
    if (few.length > 0 && flop > most) break;
    few.push(plan);
  }
  return few;
}
