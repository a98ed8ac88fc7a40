import { acquireGpu } from '@icl-gd/gpu-kernels';
import { settingsOn } from './development/rate-rules.ts';
import { runSettingId, unavailability } from './setting.ts';
import { applicableSettings, describeUnavailable } from './availability.ts';
import { describeDevelopment } from './development/describe-development.ts';
import { plannedRates } from './development/planned-rates.ts';
import { planCells } from './plan-cells.ts';
import { readInputs } from './inputs.ts';
import { lockstepOfRun } from './lockstep/plan-room.ts';
import { planRunMemory, workloadsOf } from './memory.ts';
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
  doing({ text: 'reading model and data' });
  const inputs = await readInputs(request, request.settings, request.observer);
  const { model, prepared, development } = inputs;
  const { settings, lines } = applicableSettings(request.settings, model.config);
  for (const line of [...lines, ...describeUnavailable(settings, prepared)]) log(line);
  const gpu = await acquireGpu({ adapter: request.adapter, matmul: request.settings.matmul ?? 'auto', log });
  try {
    log(`model: ${model.name}, ${model.config.family}, ${model.parameterCount} parameters`);
    for (const { variant, dataset, seed, permutation } of planTrials(settings)) {
      const run = prepared.find((own) => own.dataset === dataset && own.seed === seed);
      const shots = counted(run?.trainRows.length ?? 0, 'shot');
      const methods = settingsOn(variant, settings)
        .filter((setting) => !setting.byDefault || !run || unavailability(setting, run) === undefined)
        .map(runSettingId)
        .join(' and ');
      log(`to do: ${variant} ${dataset} seed ${seed} permutation ${permutation}, ${shots}, ${methods}`);
    }
    for (const line of describeDevelopment(development, settings)) log(line);
    const asked = { ...request, settings };
    const planning = { request: asked, adapter: gpu.adapter, development: { rates: plannedRates(settings) } };
    request.counts?.ask(planCells(planning, inputs, [])[0]);
    const workloads = workloadsOf(asked, inputs);
    const room = { budget: request.memoryBudget, lockstep: lockstepOfRun(asked, inputs) };
    planRunMemory(gpu, model.config, workloads, room, log);
  } finally {
    gpu.dispose();
  }
}
