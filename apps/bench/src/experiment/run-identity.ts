import type { AdapterDescription } from '@icl-gd/gpu-kernels';
import { catalogueWith } from '../plugins/checked-metric.ts';
import { VERSION } from '../version.ts';
import { RECORD_FORMAT, type RunIdentity, digest } from './cell.ts';
import { codeDigests } from './code-digest.ts';
import type { RunInputs } from './inputs.ts';
import type { RunRequest } from './run-request.ts';

/**
 * What all cells of a run have in common: another version, code, adapter, model, learner or metric file has records of
 * its own.
 */
export function runIdentity(
  {
    settings,
    foreignLearners = new Map(),
    foreignMetrics = new Map(),
    foreignFamilies = [],
  }: Pick<RunRequest, 'settings' | 'foreignLearners' | 'foreignMetrics' | 'foreignFamilies'>,
  { model, modelDigests }: Pick<RunInputs, 'model' | 'modelDigests'>,
  adapter: AdapterDescription,
): RunIdentity {
  const { code, scores } = codeDigests();
  // What is computed from predictions is of the tables, not of the records.
  const scoring = [...foreignMetrics.values()].filter(({ metric }) => metric.kind === 'layers');
  const family = foreignFamilies.find((own) => own.family.modelType === model.config.family);
  return {
    environment: {
      format: `${RECORD_FORMAT} ${VERSION}`,
      code,
      scores:
        scoring.length === 0
          ? scores
          : digest([scores, scoring.map(({ metric, digest: own }) => [metric.id, own]).toSorted()]),
      adapter: digest(adapter),
      model: digest([modelDigests, model.config, ...(family ? [family.digest] : [])]),
    },
    settings,
    metrics: catalogueWith(foreignMetrics),
    foreignLearners: new Map([...foreignLearners].map(([id, { digest: own }]) => [id, own])),
  };
}
