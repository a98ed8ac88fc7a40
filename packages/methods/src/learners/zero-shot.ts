import { guarded } from '../adapted-model.ts';
import type { AdaptedModel, Learner, LearnerOptions } from '../learner.ts';
import { probesOf } from '../probe-queries.ts';

/** ZSL: the model as it is, before `BOS query`. Demonstrations are ignored. */
export const zeroShot: Learner<LearnerOptions, AdaptedModel> = {
  id: 'ZSL',
  label: 'zero-shot',
  source: 'arXiv 2311.07772v4, settings',
  role: 'baseline',
  needs: 'none',
  async adapt(model, _demonstrations, { signal } = {}) {
    signal?.throwIfAborted();
    return guarded({ ...probesOf(model), dispose: () => {} }, model.name);
  },
};
