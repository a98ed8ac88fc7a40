import type { LearnerSetting } from '@icl-gd/methods';
import type { DecoderConfig } from '@icl-gd/transformer';
import { orderDatasets } from '../../tasks/tasks.ts';
import type { Task } from '../../tasks/task.ts';
import { shortNumber } from './chosen-rate.ts';
import {
  DevelopedDataset,
  type DevelopedSettings,
  type Point,
  baselineBytes,
  leftOut,
  unitsOfDataset,
} from './developed-dataset.ts';
import type { Development, RateRow } from './development.ts';
import type { DevelopmentWork } from './development-cells.ts';
import type { PreparedDevelopment } from './prepare.ts';
import { PUBLISHED } from './rate-rules.ts';

interface Options {
  readonly settings: DevelopedSettings;
  readonly log: (line: string) => void;
  readonly config: DecoderConfig;
  /** What levels are matched to: GD, but for tests. */
  readonly reference?: LearnerSetting;
  /** As {@link HELD_BYTES}; no number depends on it. */
  readonly heldBytes?: number;
}

/** The baselines' probes of datasets that go together are in the host's memory at once; one dataset always is. */
const HELD_BYTES = 2 * 2 ** 30;

/** Work that the stage is reckoned to be. */
export function developmentUnits(
  prepared: readonly PreparedDevelopment[],
  settings: DevelopedSettings,
): number {
  return prepared.reduce((sum, { runs }) => sum + unitsOfDataset(runs, settings), 0);
}

/**
 * Measures learners by learning rate on development data of the trained model, and chooses the rates that the run's settings
 * ask for. Never by their likeness to in-context learning: that is recorded for curves alone.
 */
export async function developRates(
  work: DevelopmentWork,
  prepared: readonly PreparedDevelopment[],
  options: Options,
): Promise<Development> {
  const { datasets } = options.settings;
  const developed = new Map<string, Development>();
  let together: [Task, PreparedDevelopment][] = [];
  let bytes = 0;
  const developAll = async (): Promise<void> => {
    for (const [id, own] of await developTogether(work, together, options)) developed.set(id, own);
    [together, bytes] = [[], 0];
  };
  for (const id of orderDatasets(datasets.map((task) => task.id))) {
    const task = datasets.find((own) => own.id === id) as Task;
    const own = prepared.find(({ dataset }) => dataset === id);
    if (!own) continue;
    if (own.leftOut !== undefined) {
      options.log(`WARNING: ${id} has no development data: ${own.leftOut}`);
      developed.set(id, leftOut(task, own, options));
      continue;
    }
    const more = baselineBytes(own, options.config, work.probeTokens.length);
    if (bytes + more > (options.heldBytes ?? HELD_BYTES)) await developAll();
    together.push([task, own]);
    bytes += more;
  }
  await developAll();
  const all = orderDatasets([...developed.keys()]).map((id) => developed.get(id) as Development);
  return {
    rates: all.flatMap(({ rates }) => rates),
    curves: all.flatMap(({ curves }) => curves),
    judged: all.flatMap(({ judged }) => judged),
  };
}

/** The grid first, then what rules ask for, round by round: of all datasets at a time, so that what is trained is trained together. */
async function developTogether(
  work: DevelopmentWork,
  datasets: readonly (readonly [Task, PreparedDevelopment])[],
  { settings, log, reference }: Options,
): Promise<ReadonlyMap<string, Development>> {
  const all = datasets.map(
    ([task, own]) => new DevelopedDataset(work, task, own, { settings, ...(reference ? { reference } : {}) }),
  );
  for (const own of all) await own.measureBaselines();
  let wanted = all.map((own): [DevelopedDataset, Point[]] => [own, own.grid()]);
  while (wanted.length > 0) {
    work.trainings.expect(
      wanted.flatMap(([{ cells }, points]) =>
        points.flatMap(({ setting, rate }) => cells.expected(setting, rate)),
      ),
    );
    for (const [own, points] of wanted) for (const point of points) await own.measure(point);
    wanted = [];
    for (const own of all) {
      const points = await own.wanted();
      if (points.length > 0) wanted.push([own, points]);
    }
  }
  const developed = new Map<string, Development>();
  for (const [i, own] of all.entries()) {
    const id = (datasets[i] as (typeof datasets)[number])[0].id;
    const development = await own.finish();
    log(describe(id, development.rates));
    developed.set(id, development);
  }
  return developed;
}

function describe(dataset: string, rates: readonly RateRow[]): string {
  const chosen = rates.filter(({ rule }) => rule !== PUBLISHED);
  const told = chosen.map(({ method, rule, learningRate, note }) =>
    learningRate === null
      ? `${method} has no rate by ${rule} (${note})`
      : `${method} ${shortNumber(learningRate)} by ${rule}`,
  );
  return `development ${dataset}: ${told.length === 0 ? 'measured' : told.join(', ')}`;
}
