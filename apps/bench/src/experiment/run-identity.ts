import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import { VERSION } from '../version.ts';
import { RECORD_FORMAT, type RunIdentity, digest } from './cell.ts';
import { codeDigests } from './code-digest.ts';
import type { RunInputs } from './inputs.ts';
import type { RunRequest } from './run-request.ts';

/** What all cells of a run have in common: another version, code, adapter, model or learner file has records of its own. */
export function runIdentity(
  { settings, foreignLearners = new Map() }: Pick<RunRequest, 'settings' | 'foreignLearners'>,
  { model, modelDigests }: Pick<RunInputs, 'model' | 'modelDigests'>,
  adapter: AdapterDescription,
): RunIdentity {
  return {
    environment: {
      format: `${RECORD_FORMAT} ${VERSION}`,
      ...codeDigests(),
      adapter: digest(adapter),
      model: digest([modelDigests, model.config]),
    },
    settings,
    foreignLearners: new Map([...foreignLearners].map(([id, { digest: own }]) => [id, own])),
  };
}
