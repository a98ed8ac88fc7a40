import type { Learner } from './learner.ts';
import { probesOf } from './probe-queries.ts';

/** ZSL: the model as it is, before `BOS query`. Demonstrations are ignored. */
export const zeroShot: Learner = {
  id: 'ZSL',
  async adapt(model) {
    return { ...probesOf(model), dispose: () => {} };
  },
};
