import { acquireGpu } from '@icl-gd/gpu-kernels';
import { type LearnerSetting, adaptTogether, lockstepOf, trainingPasses } from '@icl-gd/methods';
import type { DemonstrationSet } from '../../tasks/prompts/choose-demonstrations.ts';
import type { PreparedRun } from '../../tasks/prompts/prepare-run.ts';
import { doing } from '../../terminal/heartbeat.ts';
import { applicableSettings } from '../availability.ts';
import { developmentExamples } from '../development/prepare.ts';
import { plannedRates } from '../development/planned-rates.ts';
import { readInputs } from '../inputs.ts';
import { LoadedModel } from '../loaded-model.ts';
import { type PlannedRoom, lockstepOfRun } from '../lockstep/plan-room.ts';
import { Room } from '../lockstep/room.ts';
import { type Lockstep, Trainings } from '../lockstep/trainings.ts';
import { planRunMemory, workloadsOf } from '../memory.ts';
import { type RunSettings, byModel } from '../plan.ts';
import { planCells } from '../plan-cells.ts';
import { RecordStore } from '../record-store.ts';
import type { RunRequest } from '../run-request.ts';
import { TrialRunner } from '../run-trial.ts';
import { Scoring } from '../scoring/scoring.ts';
import { Tally } from '../tally.ts';
import { type RunWork, countWork } from './count-work.ts';

/** Seconds of a whole run. */
export interface TimeByPart {
  readonly all: number;
  readonly training: number;
  /** And scoring. */
  readonly probing: number;
  /** And compiling. */
  readonly loading: number;
}

/** How long a run will take. */
export interface PlannedTime {
  readonly work: RunWork;
  readonly adapter: string;
  /** By the clock, on a machine as busy as it was while this was measured. */
  readonly clock: TimeByPart;
  /** Of the processor, all threads together: of a software adapter what it computes too. */
  readonly cpu: TimeByPart;
  /** That measuring took. */
  readonly measured: number;
  /** What was asked for and is not in it. */
  readonly without: readonly string[];
}

/** Of a trial that is measured: queries, and demonstrations of each training. */
const SAMPLE = { queries: 64, steps: 4 } as const;
/** Seconds after which no further dataset is measured. */
const SECONDS = 8;

/**
 * Measures trials of the run with its own code, model and data: one a dataset of the first model, as long as time allows, with at
 * most so many queries and steps of training, which are taken together as in the run. What the run takes follows in proportion.
 * @param folder for records, which the caller removes
 * @throws UserError as the run itself would
 */
export async function measureRun(asked: RunRequest, folder: string): Promise<PlannedTime> {
  const begun = performance.now();
  doing({ text: 'reading model and data' });
  const inputs = await readInputs(asked, asked.settings, asked.observer);
  const { config } = inputs.model;
  const { settings } = applicableSettings(asked.settings, config);
  const request: RunRequest = { ...asked, settings, out: folder, recordsIn: folder };
  const gpu = await acquireGpu({ adapter: request.adapter });
  let together: PlannedRoom = { cells: 1, probed: 1 };
  let models = new LoadedModel(gpu, request, () => {
    const room = { budget: request.memoryBudget, lockstep: lockstepOfRun(request, inputs) };
    together = planRunMemory(gpu, config, workloadsOf(request, inputs), room, () => {});
  });
  const training = new TimedLockstep();
  const trainings = new Trainings(
    Room.planned(() => together),
    training,
  );
  const scoring = new Scoring();
  try {
    const planning = { request, adapter: gpu.adapter, development: { rates: plannedRates(settings) } };
    const [plans] = planCells(planning, inputs, []);
    const groups = byModel(plans, settings, ({ trial }) => trial);
    const [samples] = planCells(planning, { ...inputs, prepared: inputs.prepared.map(sampleOf) }, []);
    const ofFirst = byModel(samples, settings, ({ trial }) => trial)[0] ?? [];
    const [first] = ofFirst;
    if (!first) throw new Error('a run without trials');
    const runnerOf = async (): Promise<TrialRunner> => {
      const runner = new TrialRunner({
        ...{ store: new RecordStore(folder, () => {}), tally: new Tally(), config },
        ...{ modelName: inputs.model.name, releasedNorms: settings.releasedNorms, noiseFloor: false },
        ...{ fresh: true, written: new Set<string>(), keepAllProbes: false },
        ...{ trainings, scoring, onWork: () => {} },
        loadModel: (trial) => models.get(trial),
        ...(request.tokenBudget === undefined ? {} : { tokenBudget: request.tokenBudget }),
      });
      await runner.expect(ofFirst);
      return runner;
    };
    const [compiling] = await timed(() => models.get(first.trial));
    models.dispose();
    models = new LoadedModel(gpu, request);
    const [loading] = await timed(() => models.get(first.trial));
    doing({ text: 'measuring' });
    const unmeasured = await runnerOf();
    const [cold] = await timed(() => unmeasured.run(first));
    training.forget();
    const runner = await runnerOf();
    const since = performance.now();
    /** Of a trial of each dataset, without training, a query. */
    const perQuery = new Map<string, Spent>();
    let warm: Spent | undefined;
    for (const plan of ofFirst) {
      const { trial, prepared } = plan;
      if (perQuery.has(trial.dataset)) continue;
      const before = training.spent;
      const [spent] = await timed(() => runner.run(plan));
      warm ??= spent;
      const rest = (of: keyof Spent): number => spent[of] - (training.spent[of] - before[of]);
      const queries = prepared.queries.length;
      perQuery.set(trial.dataset, { clock: rest('clock') / queries, cpu: rest('cpu') / queries });
      if (performance.now() - since > 1e3 * SECONDS) break;
    }
    const work = countWork(plans, config, request.tokenBudget);
    const inAll = (of: keyof Spent): TimeByPart => {
      const known = [...perQuery.values()].map((own) => own[of]);
      const others = known.reduce((sum, own) => sum + own, 0) / known.length;
      const probed = plans.map(({ trial, prepared }, i) => {
        const each = perQuery.get(trial.dataset)?.[of] ?? others;
        return each * prepared.queries.length * (work.shares[i] as number);
      });
      const parts = {
        training: training.tokens === 0 ? 0 : (work.stepTokens * training.spent[of]) / training.tokens,
        probing: probed.reduce((sum, own) => sum + own, 0),
        loading:
          compiling[of] + (groups.length - 1) * loading[of] + Math.max(0, cold[of] - (warm?.[of] ?? 0)),
      };
      return { ...parts, all: parts.training + parts.probing + parts.loading };
    };
    return {
      ...{ work, adapter: gpu.adapter.description, clock: inAll('clock'), cpu: inAll('cpu') },
      measured: (performance.now() - begun) / 1e3,
      without: leftOut(settings),
    };
  } finally {
    scoring.dispose();
    trainings.dispose();
    models.dispose();
    gpu.dispose();
  }
}

/** Seconds by the clock, and of the processor. */
interface Spent {
  readonly clock: number;
  readonly cpu: number;
}

async function timed<T>(work: () => Promise<T>): Promise<[Spent, T]> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [{ clock: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6 }, result];
}

/** The first queries and demonstrations of what was prepared. */
function sampleOf(prepared: PreparedRun): PreparedRun {
  const { queries, gold, validationRows, chosen } = prepared;
  const shorten = <T extends Pick<DemonstrationSet, 'fineTuningDemonstrations' | 'fineTuningRows'>>(
    own: T,
  ): T => ({
    ...own,
    fineTuningDemonstrations: own.fineTuningDemonstrations.slice(0, SAMPLE.steps),
    fineTuningRows: own.fineTuningRows.slice(0, SAMPLE.steps),
  });
  return {
    ...shorten(prepared),
    queries: queries.slice(0, SAMPLE.queries),
    gold: gold.slice(0, SAMPLE.queries),
    validationRows: validationRows.slice(0, SAMPLE.queries),
    ...(chosen
      ? { chosen: new Map([...chosen].map(([id, own]) => [id, 'unavailable' in own ? own : shorten(own)])) }
      : {}),
  };
}

/** Training as it is, and how long it took for how many tokens. */
class TimedLockstep implements Lockstep {
  spent: Spent = { clock: 0, cpu: 0 };
  tokens = 0;

  of = lockstepOf;

  async adaptTogether(...args: Parameters<Lockstep['adaptTogether']>): ReturnType<Lockstep['adaptTogether']> {
    const [learner, , cells] = args;
    const [{ clock, cpu }, outcomes] = await timed(() => adaptTogether(...args));
    this.spent = { clock: this.spent.clock + clock, cpu: this.spent.cpu + cpu };
    for (const { demonstrations, options } of cells) {
      const passes = trainingPasses({
        learner,
        options: (options.learnerOptions ?? {}) as LearnerSetting['options'],
      });
      this.tokens += passes * demonstrations.reduce((sum, own) => sum + 1 + own.tokens.length, 0);
    }
    return outcomes;
  }

  forget(): void {
    this.spent = { clock: 0, cpu: 0 };
    this.tokens = 0;
  }
}

function leftOut({
  noiseFloor,
  weightChanges,
  gradientNorms,
  trainingAttention,
  ...settings
}: RunSettings): string[] {
  return [
    ...(developmentExamples(settings as RunSettings) === undefined ? [] : ['development data']),
    ...(noiseFloor ? ['noise floor'] : []),
    ...(weightChanges ? ['weight changes'] : []),
    ...(gradientNorms ? ['gradient norms'] : []),
    ...(trainingAttention ? ['training attention'] : []),
  ];
}
