import type { Learner } from '@icl-gd/methods';
import { adaptedModel } from '@icl-gd/methods';
import { Pcg64, withChangedParameters } from '@icl-gd/transformer';
import { z } from 'zod';

/**
 * A control: the key and value projections plus Gaussian noise, without any demonstration. Each parameter's noise has a
 * standard deviation of `scale` times the root mean square of its values.
 *
 *   icl-gd run … --learner-file examples/learners/gaussian-noise.ts --methods "gd,noise,noise[scale=0.1]"
 */
export const learner: Learner<{ scale: number; seed: number }> = {
  id: 'Noise',
  label: 'Gaussian noise on keys and values',
  source: 'a control of our own',
  role: 'learner',
  needs: 'none',
  copiesKeyValueWeights: true,
  options: z.object({
    scale: z.coerce.number().nonnegative('must not be negative').default(0.01),
    seed: z.coerce.number().int('must be a whole number').nonnegative('must not be negative').default(0),
  }),
  async adapt(model, _demonstrations, options = {}) {
    const { scale = 0.01, seed = 0 } = options.learnerOptions ?? {};
    const random = new Pcg64(seed);
    const changed = await withChangedParameters(model, 'attention.kv', (_spec, values) => {
      const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
      return values.map((value) => value + scale * size * random.normal());
    });
    return adaptedModel(changed, options);
  },
};
