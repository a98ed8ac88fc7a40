import { totalmem } from 'node:os';
import type { Gpu } from '@icl-gd/gpu-kernels';
import {
  type LearnerSetting,
  type ProbeOptions,
  attentionBatches,
  inContext,
  keepsTrainingQueries,
  needsOf,
  probeBatches,
  trainingKindOf,
} from '@icl-gd/methods';
import {
  type DecoderConfig,
  type DeviceLimits,
  type MemoryPlan,
  type TrainingKind,
  type Workload,
  checkMemoryPlan,
  describeMemoryPlan,
  formatBytes,
  planMemory,
} from '@icl-gd/transformer';
import { type PreparedRun, demonstrationsOf } from '../tasks/prompts/prepare-run.ts';
import { NEXT_TOKENS } from './next-tokens.ts';
import { type PlannedRoom, type RunLockstep, planRoom } from './lockstep/plan-room.ts';
import { comparedSettings } from './plan.ts';
import { developmentSettings } from './development/rate-rules.ts';
import type { RunInputs } from './inputs.ts';
import type { RunRequest } from './run-request.ts';
import { demonstrationsFor, unavailability } from './setting.ts';

/** Buffers that are free stay for what comes next, so many bytes beyond what is planned: a small model's are never given back. */
const SPARE_BYTES = 2 ** 27;

/**
 * Plans the device memory of a run, says it, and holds the device to it.
 * @param workloads the first that needs most decides; cells in lockstep take what it leaves
 * @param budget bytes that may be used; if undefined, this machine's memory on a software adapter, else all there is
 * @returns how many cells that train may be on the device at once, and how many of them are probed in one pass
 * @throws UserError if the run cannot fit
 */
export function planRunMemory(
  gpu: Gpu,
  config: DecoderConfig,
  workloads: readonly Workload[],
  {
    budget,
    lockstep = { cells: 1, kinds: 1 },
  }: { readonly budget?: number | undefined; readonly lockstep?: RunLockstep },
  log: (line: string) => void,
): PlannedRoom {
  const limits = deviceLimits(gpu, budget);
  let largest: { plan: MemoryPlan; workload: Workload } | undefined;
  let inContext = 0;
  for (const workload of workloads) {
    const plan = planMemory(config, workload, limits);
    gpu.pipelines.expect(plan.kernels);
    // What is refused was not recorded to its end, so that another workload may seem larger.
    if (plan.refusals.length > 0) checkMemoryPlan(plan, limits);
    if (plan.peak > (largest?.plan.peak ?? -1)) largest = { plan, workload };
    inContext = Math.max(inContext, plan.inContext);
  }
  if (largest === undefined) return { cells: 1, probed: 1 };
  const { workload } = largest;
  checkMemoryPlan(largest.plan, limits);
  const isBudget = budget !== undefined;
  const { plan, cells, probed } = planRoom(config, { ...largest, inContext }, workloads, lockstep, {
    limits,
    isBudget,
  });
  gpu.pipelines.expect(plan.kernels);
  const together = cells === 1 ? '' : `, up to ${cells} cells that train together`;
  log(
    `memory plan: ${formatBytes(plan.peak)} on the device in ${workload.dtype} (${describeMemoryPlan(plan)}${together})`,
  );
  gpu.pool.limits = {
    planned: Math.min(plan.peak + SPARE_BYTES, limits.budgetBytes),
    budget: limits.budgetBytes,
  };
  return { cells, probed };
}

/** How many cells of a study, which has no plan of its memory, may be on the device at once. */
export function studyRoom(
  gpu: Gpu,
  config: DecoderConfig,
  workload: Workload,
  lockstep: RunLockstep,
): PlannedRoom {
  const limits = deviceLimits(gpu, undefined);
  const plan = planMemory(config, workload, limits);
  if (plan.refusals.length > 0) return { cells: 1, probed: 1 };
  const { inContext } = plan;
  return planRoom(config, { plan, workload, inContext }, [workload], lockstep, { limits, isBudget: false });
}

/** What all that a run prepared will be put to. */
export function workloadsOf(
  request: Pick<RunRequest, 'settings' | 'alsoProbe' | 'tokenBudget'>,
  { prepared, development }: Pick<RunInputs, 'prepared' | 'development'>,
): Workload[] {
  const developed = { ...request, settings: developmentSettings(request.settings) };
  return [
    ...prepared.map((run) => workloadOf(request, run)),
    ...development.flatMap(({ runs }) => runs.map((run) => workloadOf(developed, run, 0))),
  ];
}

/** What one choice of demonstrations and queries will be put to. */
export function workloadOf(
  { settings, alsoProbe = [], tokenBudget }: Pick<RunRequest, 'settings' | 'alsoProbe' | 'tokenBudget'>,
  prepared: PreparedRun,
  nextTokens = NEXT_TOKENS,
): Workload {
  const { queries } = prepared;
  const {
    dtype,
    releasedNorms,
    noiseFloor,
    gradientNorms = false,
    trainingAttention = false,
    probe,
  } = settings;
  const options = {
    probeTokens: [...new Set([probe, ...alsoProbe])],
    nextTokens,
    ...(tokenBudget === undefined ? {} : { tokenBudget }),
  };
  const compared = comparedSettings(settings).filter((own) => unavailability(own, prepared) === undefined);
  const learners = compared.map(({ learner }) => learner);
  const longest = (lengths: readonly number[]): number =>
    lengths.reduce((most, own) => Math.max(most, own), 0);
  const contexts = compared.flatMap(({ demonstrations }) => {
    const given = demonstrationsOf(prepared, demonstrations);
    return 'unavailable' in given ? [] : [given.context.tokens.length];
  });
  const training = compared.filter(({ learner }) => learner.objective);
  const trained =
    training.length === 0
      ? [prepared.fineTuningDemonstrations]
      : training.map((setting) => demonstrationsFor(setting, prepared));
  // In-context learning alone puts what fits the context before its queries; others have their length.
  const shifted = compared.some((own) => needsOf(own) === 'context' && own.learner.id !== inContext.id);
  return {
    dtype,
    batches: probeBatches(queries, options, false),
    ...(shifted ? { positionOffset: prepared.context.tokens.length - 1 } : {}),
    context: {
      tokens: longest([prepared.context.tokens.length, ...contexts]),
      batches: probeBatches(queries, options, true),
    },
    // A noise floor has copies of key and value weights, whatever the learners do.
    ...(noiseFloor ||
    learners.some(({ objective, copiesKeyValueWeights }) => objective || copiesKeyValueWeights)
      ? {
          training: {
            kinds: kindsOf(compared),
            steps: longest(trained.map(({ length }) => length)),
            // With BOS.
            tokens: 1 + longest(trained.flatMap((own) => own.map(({ tokens }) => tokens.length))),
            releasedNorms,
            gradientNormVariants: gradientNorms,
            halfCopies: noiseFloor,
          },
        }
      : {}),
    ...(trainingAttention && compared.some(keepsTrainingQueries)
      ? { queryScores: queryScoresOf(prepared, { ...options, probeToken: probe }) }
      : {}),
  };
}

function queryScoresOf(
  { queries, demonstrations, context }: PreparedRun,
  options: ProbeOptions,
): NonNullable<Workload['queryScores']> {
  const kept = demonstrations.slice(0, context.demonstrations);
  return {
    keptTokens: kept.reduce((total, { tokens }) => total + tokens.length, 0),
    batches: attentionBatches(queries, options, false),
    inContext: attentionBatches(queries, options, true),
  };
}

/** Each way to train once. */
function kindsOf(settings: readonly LearnerSetting[]): TrainingKind[] {
  const kinds = settings.flatMap((setting) => trainingKindOf(setting) ?? []);
  return [...new Map(kinds.map((kind) => [JSON.stringify(kind), kind])).values()];
}

function deviceLimits(
  { device, adapter, maxBindingBytes, matrixUnits }: Gpu,
  budget: number | undefined,
): DeviceLimits {
  const adapterLimits = {
    ...{ adapter, device, matrixUnits },
    ...{ maxBufferBytes: device.limits.maxBufferSize, maxBindingBytes },
  };
  if (budget !== undefined) {
    const budgetName = `--memory-budget ${Number((budget / 2 ** 30).toPrecision(4))}`;
    return { ...adapterLimits, budgetBytes: budget, budgetName };
  }
  // Only of memory that is the host's own is it known how much there is.
  const budgetBytes = adapter.kind === 'software' ? totalmem() : Infinity;
  return {
    ...adapterLimits,
    budgetBytes,
    budgetName: `this machine's memory of ${formatBytes(budgetBytes)}`,
  };
}
