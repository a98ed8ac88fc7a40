import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import type { ProbeToken } from '@icl-gd/methods';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { Development } from './development/development.ts';
import type { RunInputs } from './inputs.ts';
import { type Trial, planTrials } from './plan.ts';
import { runIdentity } from './run-identity.ts';
import type { RunRequest } from './run-request.ts';
import { type TrialPlan, planTrial } from './trial-plan.ts';

/** What plans follow from besides the trials. */
export interface Planning {
  readonly request: RunRequest;
  readonly adapter: AdapterDescription;
  readonly development: Pick<Development, 'rates'> | undefined;
}

/** Plans of the trials that are asked for, and of earlier ones. */
export function planCells(
  { request, adapter, development }: Planning,
  inputs: RunInputs,
  earlier: readonly Trial[],
): [TrialPlan[], TrialPlan[]] {
  const { settings, alsoProbe = [] } = request;
  const identity = { ...runIdentity(request, inputs, adapter), rates: development?.rates };
  const probeTokens = [...new Set([settings.probe, ...alsoProbe])];
  const plan = (trial: Trial, from: readonly PreparedRun[], tokens: readonly ProbeToken[]): TrialPlan[] => {
    const { dataset, seed, permutation } = trial;
    const prepared = from.find(
      (own) => own.dataset === dataset && own.seed === seed && own.permutation === permutation,
    );
    return prepared ? [planTrial(identity, trial, prepared, tokens)] : [];
  };
  return [
    planTrials(settings).flatMap((trial) => plan(trial, inputs.prepared, probeTokens)),
    earlier.flatMap((trial) => plan(trial, inputs.earlier, [settings.probe])),
  ];
}
