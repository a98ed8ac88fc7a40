import { acquireGpu } from '@icl-gd/gpu-kernels';
import { settingId } from '@icl-gd/methods';
import { readInputs } from './inputs.ts';
import { planRunMemory, workloadOf } from './memory.ts';
import { planTrials } from './plan.ts';
import type { RunRequest } from './run-request.ts';
import { doing } from '../terminal/heartbeat.ts';
import { counted } from '../terminal/words.ts';

/**
 * Reads and checks everything that a run needs, and says what it would compute and allocate. Nothing is computed or
 * written, no weight is loaded.
 * @throws UserError as the run itself would
 */
export async function checkRun(request: RunRequest, log: (line: string) => void): Promise<void> {
  const { settings } = request;
  doing({ text: 'reading model and data' });
  const { model, prepared } = await readInputs(request, settings, request.observer);
  const gpu = await acquireGpu({ adapter: request.adapter, log });
  try {
    const workloads = prepared.map((run) => workloadOf(request, run));
    const methods = settings.methods.map(settingId).join(' and ');
    log(`model: ${model.name}, ${model.config.family}, ${model.parameterCount} parameters`);
    for (const { variant, dataset, seed, permutation } of planTrials(settings)) {
      const run = prepared.find((own) => own.dataset === dataset && own.seed === seed);
      const shots = counted(run?.trainRows.length ?? 0, 'shot');
      log(`to do: ${variant} ${dataset} seed ${seed} permutation ${permutation}, ${shots}, ${methods}`);
    }
    planRunMemory(gpu, model.config, workloads, request.memoryBudget, log);
  } finally {
    gpu.dispose();
  }
}
