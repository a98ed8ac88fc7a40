import { lockstepOf } from '@icl-gd/methods';
import {
  type DecoderConfig,
  type DeviceLimits,
  type MemoryPlan,
  type Workload,
  lockstepCells,
  planMemory,
} from '@icl-gd/transformer';
import { rateGrid } from '../development/grid.ts';
import { developedLearners, settingsOn } from '../development/rate-rules.ts';
import type { RunInputs } from '../inputs.ts';
import type { RunSettings } from '../plan.ts';

/** What of a run could train together. */
export interface RunLockstep {
  /** Cells of one model, at most. */
  readonly cells: number;
  /** Of how many kinds they are. */
  readonly kinds: number;
}

/** Cells of one kind that train together, at most: rows enough for any device, and no more models are held than that. */
const MOST_TOGETHER = 64;
/** Without a budget of the user's own, cells that train together may take as much again as the rest, or this many bytes. */
const MORE_BYTES = 512 * 2 ** 20;

/** What of a run could train together; nothing where steps are told of by the released code's definition. */
export function lockstepOfRun(
  settings: RunSettings,
  { prepared, development }: Pick<RunInputs, 'prepared' | 'development'>,
): RunLockstep {
  if (settings.releasedNorms) return { cells: 1, kinds: 1 };
  const developed = developedLearners(settings).map(({ setting }) => setting);
  const developing = developed.filter((own) => lockstepOf(own) !== undefined);
  const runs = development.reduce((sum, own) => sum + own.runs.length, 0);
  const kinds = new Set(developing.map((own) => `${own.learner.id} ${lockstepOf(own)}`));
  const ofVariants = settings.variants.map((variant) => {
    const own = settingsOn(variant, settings).filter((each) => lockstepOf(each) !== undefined);
    for (const each of own) kinds.add(`${each.learner.id} ${lockstepOf(each)}`);
    return own.length * prepared.length;
  });
  const cells = Math.max(1, ...ofVariants, runs * developing.length * rateGrid(1).length);
  return { cells, kinds: Math.max(1, kinds.size) };
}

/** Of a run's workloads the one that needs most, and its plan where cells train one by one. */
interface Largest {
  readonly plan: MemoryPlan;
  readonly workload: Workload;
}

/**
 * How many adapted models there may be at once, and the memory that the run needs with so many: while cells of the longest
 * demonstrations of all workloads train, and while all but one are held and anything else is done.
 * @param isBudget whether the limits are the user's own
 */
export function planRoom(
  config: DecoderConfig,
  { plan, workload }: Largest,
  workloads: readonly Workload[],
  { cells, kinds }: RunLockstep,
  { limits, isBudget }: { readonly limits: DeviceLimits; readonly isBudget: boolean },
): { readonly cells: number; readonly plan: MemoryPlan } {
  const trainings = workloads.flatMap(({ training }) => training ?? []);
  const [first] = trainings;
  const most = Math.min(cells, kinds * MOST_TOGETHER);
  // Kinds share the room: with one cell of each there is nothing to train together.
  if (!first || most < 2 * kinds) return { cells: 1, plan };
  const training = {
    ...first,
    kinds: [
      ...new Map(trainings.flatMap((own) => own.kinds).map((kind) => [JSON.stringify(kind), kind])).values(),
    ],
    steps: Math.max(...trainings.map(({ steps }) => steps)),
    tokens: Math.max(...trainings.map(({ tokens }) => tokens)),
    gradientNormVariants: false,
  };
  // Queries are kept of cells that train one by one.
  const { queryScores: _, ...rest } = workload;
  const together: Workload = { ...rest, training };
  const planOf = (count: number): MemoryPlan =>
    planMemory(config, { ...together, training: { ...training, cells: count } }, limits);
  const allowed = isBudget
    ? limits.budgetBytes
    : Math.min(limits.budgetBytes, plan.peak + Math.max(plan.peak, MORE_BYTES));
  const perCell = planOf(2).overlay - planOf(1).overlay;
  const held = perCell > 0 ? 1 + Math.floor((allowed - plan.peak) / perCell) : most;
  const trained = lockstepCells(config, together, { ...limits, budgetBytes: allowed }, most);
  const count = Math.max(1, Math.min(trained, held));
  if (count < 2 * kinds) return { cells: 1, plan };
  const own = planOf(count);
  const { queryScores } = plan;
  return {
    cells: count,
    plan: { ...own, queryScores, peak: Math.max(own.peak, plan.peak + (count - 1) * perCell) },
  };
}
