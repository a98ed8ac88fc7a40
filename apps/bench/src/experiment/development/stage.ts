import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import type { RunInputs } from '../inputs.ts';
import type { LoadedModel } from '../loaded-model.ts';
import type { Trainings } from '../lockstep/trainings.ts';
import type { Progress } from '../progress.ts';
import type { RecordStore } from '../record-store.ts';
import { runIdentity } from '../run-identity.ts';
import type { RunRequest } from '../run-request.ts';
import { Tally } from '../tally.ts';
import { developRates, developmentUnits } from './develop.ts';
import type { Development } from './development.ts';

interface Stage {
  readonly inputs: RunInputs;
  readonly store: RecordStore;
  readonly models: LoadedModel;
  readonly trainings: Trainings;
  readonly progress: Progress;
}

/** What a run does before its trials where it asks for development data; undefined where it does not. */
export async function developBeforeTrials(
  request: RunRequest,
  { inputs, store, models, trainings, progress }: Stage,
  adapter: AdapterDescription,
): Promise<Development | undefined> {
  const { settings, alsoProbe = [], fresh, tokenBudget, signal } = request;
  const { development: prepared } = inputs;
  if (prepared.length === 0) return undefined;
  const tally = new Tally();
  progress.start(developmentUnits(prepared, settings));
  const developed = await developRates(
    {
      ...{ store, trainings, tally, fresh, tokenBudget, signal, written: request.written ?? new Set() },
      identity: runIdentity(request, inputs, adapter),
      probeTokens: [...new Set([settings.probe, ...alsoProbe])],
      loadModel: () => models.get({ variant: 'trained', seed: 0 }),
      onWork: (units, doing) => progress.advance(units, doing),
    },
    prepared,
    { settings, config: inputs.model.config, log: (line) => progress.line(line) },
  );
  progress.line(tally.describe('development'));
  progress.stop();
  return developed;
}
