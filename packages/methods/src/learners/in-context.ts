import { specialToken } from '@icl-gd/transformer';
import type { Demonstration, Learner } from '../learner.ts';
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
export const inContext: Learner = {
  id: 'ICL',
  label: 'in-context learning',
  source: 'arXiv 2311.07772v4, settings',
  role: 'baseline',
  needs: 'context',
  async adapt(model, demonstrations) {
    const tokens = contextTokens(
      demonstrations,
      specialToken(model.config, 'bosTokenId', model.name),
      specialToken(model.config, 'eosTokenId', model.name),
    );
    const prefix = model.prefix(tokens);
    return {
      context: { demonstrations: demonstrations.length, tokens },
      ...probesOf(model, prefix),
      dispose: () => prefix.dispose(),
    };
  },
};
