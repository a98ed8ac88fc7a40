import { type BatchOptions, lockstepOf } from '@icl-gd/methods';
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
import type { RunRequest } from '../run-request.ts';
import { budgetOf, tokensOfPass } from './pass.ts';

/** What of a run could train together. */
export interface RunLockstep {
  /** Cells of one model, at most. */
  readonly cells: number;
  /** Of how many kinds they are. */
  readonly kinds: number;
  /** Tokens that are put before the model in one pass, at most; as usual if absent. */
  readonly tokenBudget?: BatchOptions['tokenBudget'];
}

/** Cells of one kind that train together, at most: rows enough for any device, and no more models are held than that. */
const MOST_TOGETHER = 128;
/** Without a budget of the user's own, cells that train together may take as much again as the rest, or this many bytes. */
const MORE_BYTES = 512 * 2 ** 20;

/** What of a run could train together; nothing where steps are told of by the released code's definition. */
export function lockstepOfRun(
  { settings, tokenBudget }: Pick<RunRequest, 'settings' | 'tokenBudget'>,
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
  return { cells, kinds: Math.max(1, kinds.size), tokenBudget };
}

/** Of a run's workloads the one that needs most, and its plan where cells train one by one. */
interface Largest {
  readonly plan: MemoryPlan;
  readonly workload: Workload;
  /** Bytes that a context of any of them takes, and what is evaluated behind it. */
  readonly inContext: number;
}

/** How many cells there may be at once; with several probed in one pass, there is room to probe ahead of the next trial. */
export interface PlannedRoom {
  /** Adapted models on the device. */
  readonly cells: number;
  /** Of them, probed in one pass. */
  readonly probed: number;
}

/**
 * How many adapted models there may be at once, and the memory that the run needs with so many: while cells of the longest
 * demonstrations of all workloads train, while some are probed together, and while all but one are held and anything else is done.
 * @param isBudget whether the limits are the user's own
 */
export function planRoom(
  config: DecoderConfig,
  { plan, workload, inContext }: Largest,
  workloads: readonly Workload[],
  { cells, kinds, tokenBudget }: RunLockstep,
  { limits, isBudget }: { readonly limits: DeviceLimits; readonly isBudget: boolean },
): PlannedRoom & { readonly plan: MemoryPlan } {
  const trainings = workloads.flatMap(({ training }) => training ?? []);
  const [first] = trainings;
  const most = Math.min(cells, kinds * MOST_TOGETHER);
  // Kinds share the room: with one cell of each there is nothing to train together.
  if (!first || most < 2 * kinds) return { ...ONE, plan };
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
  const workloadOf = (count: number, more: Partial<typeof training> = {}): Workload => ({
    ...rest,
    training: { ...training, cells: count, ...more },
  });
  const planOf = (...of: Parameters<typeof workloadOf>): MemoryPlan =>
    planMemory(config, workloadOf(...of), limits);
  const allowed = isBudget
    ? limits.budgetBytes
    : Math.min(limits.budgetBytes, plan.peak + Math.max(plan.peak, MORE_BYTES));
  const pair = planOf(2);
  const perCell = pair.overlay - planOf(1).overlay;
  const held = perCell > 0 ? 1 + Math.floor((allowed - plan.peak) / perCell) : most;
  const trained = lockstepCells(config, workloadOf(1), { ...limits, budgetBytes: allowed }, most);
  const count = Math.max(1, Math.min(trained, held));
  if (count < 2 * kinds) return { ...ONE, plan };
  const asked = passes(workloads, Math.min(count, most), tokenBudget);
  const together = asked.length > 0 ? planOf(count, { together: asked }) : undefined;
  const whileHeld = plan.peak + (count - 1) * perCell;
  // A context of the next trial may be there beside anything else.
  const mostOf = (each: MemoryPlan): number => Math.max(each.peak, whileHeld) + inContext;
  const areAhead = together && together.refusals.length === 0 && mostOf(together) <= allowed;
  const own = areAhead ? together : planOf(count);
  const { queryScores } = plan;
  return {
    cells: count,
    probed: areAhead ? count : 1,
    plan: {
      ...own,
      queryScores,
      peak: areAhead ? mostOf(own) : Math.max(own.peak, whileHeld),
      // Of few cells other kernels may be chosen than of many.
      kernels: [...new Set([...pair.kernels, ...own.kernels])],
    },
  };
}

const ONE: PlannedRoom = { cells: 1, probed: 1 };

/** What cells are asked in one pass, where it has room for two or more: of each workload as many as it has room for. */
function passes(
  workloads: readonly Workload[],
  most: number,
  tokenBudget: RunLockstep['tokenBudget'],
): Workload['batches'][] {
  return workloads.flatMap(({ batches }) => {
    const tokens = tokensOfPass(batches);
    const fits = tokens === undefined ? 0 : Math.min(most, Math.floor(budgetOf({ tokenBudget }) / tokens));
    return fits < 2 ? [] : [Array.from({ length: fits }, () => batches[0] ?? [])];
  });
}
