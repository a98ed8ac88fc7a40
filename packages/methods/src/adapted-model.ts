import {
  type KeptQueries,
  type LayerGroup,
  type Model,
  parameterChanges,
  withHalfParameters,
} from '@icl-gd/transformer';
import { attentionToTraining } from './demonstration-attention.ts';
import { requireProbing } from './given.ts';
import type { AdaptOptions, AdaptedModel, BatchOptions, LearnerResult, ProbeToken } from './learner.ts';
import { probesOf } from './probe-queries.ts';
import { probedModel } from './probe-together.ts';

/** The last token of the prompt, as the text of arXiv 2311.07772v4 says. */
const DEFAULT_PROBE_TOKEN: ProbeToken = 'prompt';

/**
 * What a learner that changes weights gives: probes of the changed model, rounded to float16 first where that is asked for.
 * @param changed shares with its base what it does not change; disposed with the result, or if there is none
 * @param training one entry a step, of learners that train
 * @param group what the learner changes, and what is rounded; key and value projections if absent
 * @param queries kept of the demonstrations while they were trained on; disposed with the result, or if there is none
 * @throws UserError (`memory-budget`) if the device has no room for the rounded copies
 */
export function adaptedModel(
  changed: Model,
  { halfWeights = false }: Pick<AdaptOptions, 'halfWeights'>,
  training?: AdaptedModel['training'],
  group: LayerGroup = 'attention.kv',
  queries?: KeptQueries,
): AdaptedModel {
  let probed = changed;
  try {
    if (halfWeights) probed = withHalfParameters(changed, group);
  } catch (error) {
    changed.dispose();
    queries?.dispose();
    throw error;
  }
  const result: LearnerResult = {
    ...(training ? { training } : {}),
    ...probesOf(probed),
    weightChanges: (layer) => parameterChanges(changed, layer),
    ...(queries ? attentionToTraining(probed, queries) : {}),
    dispose: () => {
      queries?.dispose();
      for (const model of new Set([probed, changed])) model.dispose();
    },
  };
  return probedModel(guarded(result, changed.name), probed);
}

/**
 * A learner's result with what people expect of it: a default probe token, `using`, and a word where it is used after it was
 * disposed. A signal that is aborted is obeyed before and after the learner's own probing, which may not know of it.
 * @param model what the model is called, for that word
 */
export function guarded(result: LearnerResult, model: string): AdaptedModel {
  let disposed = false;
  const dispose = (): void => {
    if (!disposed) result.dispose();
    disposed = true;
  };
  const probing = async <T>(options: BatchOptions, probe: () => Promise<T>): Promise<T> => {
    requireProbing(options);
    const { signal } = options;
    if (disposed) throw new RangeError(`probing an adapted ${model} that was disposed`);
    signal?.throwIfAborted();
    const probes = await probe();
    signal?.throwIfAborted();
    return probes;
  };
  const { training, context, directionsOnly } = result;
  const changesOf = result.weightChanges?.bind(result);
  const attention = result.attentionToDemonstrations?.bind(result);
  return {
    ...(training ? { training } : {}),
    ...(context ? { context } : {}),
    ...(directionsOnly ? { directionsOnly } : {}),
    ...(changesOf
      ? {
          weightChanges: async (layer: number) => {
            if (disposed) throw new RangeError(`weights of an adapted ${model} that was disposed`);
            return await changesOf(layer);
          },
        }
      : {}),
    probe: (queries, { probeToken = DEFAULT_PROBE_TOKEN, ...options } = {}) =>
      probing(options, () => result.probe(queries, { ...options, probeToken })),
    probeTokens: (queries, options) => probing(options, () => result.probeTokens(queries, options)),
    ...(attention
      ? {
          attentionToDemonstrations: (queries, options) =>
            probing(options, () => attention(queries, options)),
        }
      : {}),
    dispose,
    [Symbol.dispose]: dispose,
  };
}
