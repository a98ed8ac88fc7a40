import { totalmem } from 'node:os';
import type { Gpu } from '@icl-gd/gpu-kernels';
import { attentionBatches, keepsTrainingQueries, probeBatches } from '@icl-gd/methods';
import {
  type DecoderConfig,
  type DeviceLimits,
  type MemoryPlan,
  type Workload,
  checkMemoryPlan,
  describeMemoryPlan,
  formatBytes,
  planMemory,
} from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { RunRequest } from './run-request.ts';

/**
 * Plans the device memory of a run, says it, and holds the device to it.
 * @param budget bytes that may be used; if undefined, this machine's memory on a software adapter, else all there is
 * @throws UserError if the run cannot fit
 */
export function planRunMemory(
  gpu: Gpu,
  config: DecoderConfig,
  workloads: readonly Workload[],
  budget: number | undefined,
  log: (line: string) => void,
): void {
  const limits = deviceLimits(gpu, budget);
  let largest: { plan: MemoryPlan; workload: Workload } | undefined;
  for (const workload of workloads) {
    const plan = planMemory(config, workload, limits);
    // What is refused was not recorded to its end, so that another workload may seem larger.
    if (plan.refusals.length > 0) checkMemoryPlan(plan, limits);
    if (plan.peak > (largest?.plan.peak ?? -1)) largest = { plan, workload };
  }
  if (largest === undefined) return;
  const { plan, workload } = largest;
  checkMemoryPlan(plan, limits);
  log(
    `memory plan: ${formatBytes(plan.peak)} on the device in ${workload.dtype} (${describeMemoryPlan(plan)})`,
  );
  gpu.pool.limits = { planned: plan.peak, budget: limits.budgetBytes };
}

/** What one choice of demonstrations and queries will be put to. */
export function workloadOf(
  { settings, alsoProbe = [], tokenBudget }: Pick<RunRequest, 'settings' | 'alsoProbe' | 'tokenBudget'>,
  { queries, demonstrations, context }: PreparedRun,
): Workload {
  const { dtype, methods, releasedNorms, noiseFloor, trainingAttention = false, probe } = settings;
  const options = {
    probeTokens: [...new Set([probe, ...alsoProbe])],
    ...(tokenBudget === undefined ? {} : { tokenBudget }),
  };
  const attention = { probeToken: probe, ...(tokenBudget === undefined ? {} : { tokenBudget }) };
  const learners = methods.map(({ learner }) => learner);
  return {
    dtype,
    batches: probeBatches(queries, options, false),
    context: { tokens: context.tokens.length, batches: probeBatches(queries, options, true) },
    // A noise floor has copies of key and value weights, whatever the learners do.
    ...(noiseFloor ||
    learners.some(({ objective, copiesKeyValueWeights }) => objective || copiesKeyValueWeights)
      ? {
          training: {
            objectives: learners.flatMap(({ objective }) => objective ?? []),
            steps: demonstrations.length,
            // With BOS.
            tokens: 1 + demonstrations.reduce((longest, { tokens }) => Math.max(longest, tokens.length), 0),
            releasedNorms,
            halfCopies: noiseFloor,
          },
        }
      : {}),
    ...(trainingAttention && methods.some(keepsTrainingQueries)
      ? {
          queryScores: {
            keptTokens: demonstrations
              .slice(0, context.demonstrations)
              .reduce((total, { tokens }) => total + tokens.length, 0),
            batches: attentionBatches(queries, attention, false),
            inContext: attentionBatches(queries, attention, true),
          },
        }
      : {}),
  };
}

function deviceLimits({ device, adapter, maxBindingBytes }: Gpu, budget: number | undefined): DeviceLimits {
  const adapterLimits = { adapter, maxBufferBytes: device.limits.maxBufferSize, maxBindingBytes };
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
