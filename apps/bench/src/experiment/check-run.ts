import { acquireGpu } from '@icl-gd/gpu-kernels';
import { planGroups } from './plan.ts';
import { readInputs } from './inputs.ts';
import { planRunMemory, workloadOf } from './memory.ts';
import type { RunRequest } from './run.ts';

/**
 * Reads and checks everything that a run needs, and says what it would compute and allocate. Nothing is computed or
 * written, no weight is read.
 * @throws UserError as the run itself would
 */
export async function checkRun(request: RunRequest, log: (line: string) => void): Promise<void> {
  const { settings, tokenBudget } = request;
  const { model, prepared } = await readInputs(request.model, request.data, settings, request.observer);
  const gpu = await acquireGpu({ adapter: request.adapter, log });
  try {
    const options = { probeToken: settings.probe, ...(tokenBudget ? { tokenBudget } : {}) };
    const workloads = prepared.map((run) => workloadOf(settings, run, options));
    log(`model: ${model.name}, ${model.config.family}, ${model.parameterCount} parameters`);
    for (const { variant, dataset, seed, permutation, shots, methods } of planGroups(settings))
      log(
        `to do: ${variant} ${dataset} seed ${seed} permutation ${permutation}, ${shots} shots, ${methods.join(' and ')}`,
      );
    planRunMemory(gpu, model.config, workloads, request.memoryBudget, log);
  } finally {
    gpu.dispose();
  }
}
