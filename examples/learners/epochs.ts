import { gradientDescent, type Learner } from '@icl-gd/methods';
import { z } from 'zod';

/**
 * GD over the demonstrations several times, each time in the same order or in the opposite one of the time before.
 *
 *   icl-gd run … --learner-file examples/learners/epochs.ts --methods "gd,epochs[epochs=3],epochs[epochs=2,back]"
 */
export const learner: Learner<{ epochs: number; back: boolean }> = {
  ...gradientDescent,
  id: 'Epochs',
  label: 'gradient descent, several epochs',
  source: 'an example',
  paper: false,
  options: z.object({
    epochs: z.coerce.number().int('must be a whole number').positive('must be above 0').default(1),
    back: z.stringbool().default(false),
  }),
  adapt(model, demonstrations, { learnerOptions, ...options } = {}) {
    const { epochs = 1, back = false } = learnerOptions ?? {};
    const order = (epoch: number) => (back && epoch % 2 === 1 ? demonstrations.toReversed() : demonstrations);
    const all = Array.from({ length: epochs }, (_, epoch) => order(epoch)).flat();
    return gradientDescent.adapt(model, all, options);
  },
};
