import { specialToken } from '@icl-gd/transformer';
import { guarded } from '../adapted-model.ts';
import { attentionToContext } from '../demonstration-attention.ts';
import type { AdaptedModel, Demonstration, Learner, LearnerOptions } from '../learner.ts';
import { probesOf } from '../probe-queries.ts';

/** The context that all queries share (arXiv 2311.07772v4): BOS, then every demonstration followed by EOS. */
export function contextTokens(
  demonstrations: readonly Demonstration[],
  bosTokenId: number,
  eosTokenId: number,
): number[] {
  return [bosTokenId, ...demonstrations.flatMap(({ tokens }) => [...tokens, eosTokenId])];
}

/** ICL: keys and values of the demonstrations are computed once and put before every query. All given ones must fit. */
export const inContext: Learner<LearnerOptions, AdaptedModel> = {
  id: 'ICL',
  label: 'in-context learning',
  source: 'arXiv 2311.07772v4, settings',
  role: 'baseline',
  needs: 'context',
  async adapt(model, demonstrations, { signal, onProgress } = {}) {
    signal?.throwIfAborted();
    const tokens = contextTokens(
      demonstrations,
      specialToken(model.config, 'bosTokenId', model.name),
      specialToken(model.config, 'eosTokenId', model.name),
    );
    const prefix = model.prefix(tokens);
    const result = {
      context: { demonstrations: demonstrations.length, tokens },
      ...probesOf(model, prefix),
      ...attentionToContext(model, prefix, demonstrations),
      dispose: () => prefix.dispose(),
    };
    try {
      onProgress?.({ finished: demonstrations.length, total: demonstrations.length });
      signal?.throwIfAborted();
    } catch (error) {
      prefix.dispose();
      throw error;
    }
    return guarded(result, model.name);
  },
};
