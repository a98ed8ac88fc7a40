import { specialToken } from '@icl-gd/transformer';
import { z } from 'zod';
import { guarded } from '../adapted-model.ts';
import type { AdaptedModel, Learner, LearnerOptions, LearnerOptionsSchema } from '../learner.ts';
import { probesOf } from '../probe-queries.ts';
import { readOptions } from '../read-options.ts';
import { contextTokens } from './in-context.ts';

const options = z.object({ positions: z.enum(['own', 'icl']).default('own') });

/**
 * ZSL: the model as it is, before `BOS query`. Demonstrations are ignored; with `positions=icl` all positions, that of BOS too, are
 * shifted by the length of the context that ICL makes of the demonstrations, less one, so that the query stands where it does
 * there.
 */
export const zeroShot: Learner<LearnerOptions, AdaptedModel> = {
  id: 'ZSL',
  label: 'zero-shot',
  source: 'arXiv 2311.07772v4, settings',
  role: 'baseline',
  needs: 'none',
  with: ({ positions }) => ({ needs: positions === 'icl' ? 'context' : 'none' }),
  options: options as LearnerOptionsSchema<LearnerOptions>,
  async adapt(model, demonstrations, { signal, learnerOptions } = {}) {
    signal?.throwIfAborted();
    const { positions } = readOptions('ZSL', options, learnerOptions);
    if (positions === 'own') return guarded({ ...probesOf(model), dispose: () => {} }, model.name);
    const context = contextTokens(
      demonstrations,
      specialToken(model.config, 'bosTokenId', model.name),
      specialToken(model.config, 'eosTokenId', model.name),
    );
    const placement = { positionOffset: context.length - 1 };
    return guarded({ ...probesOf(model, undefined, placement), dispose: () => {} }, model.name);
  },
};
