import type { LayerGroup } from '@icl-gd/transformer';
import { z } from 'zod';

/** A boolean that is true where its name stands bare. */
const flag = () => z.union([z.boolean(), z.stringbool()]).default(false);

const noise = flag();
const loss = z.enum(['sequence', 'label']).default('sequence');
const batch = z.enum(['one', 'full']).default('one');
const steps = z.coerce.number().int().min(1).max(1000).default(1);
const tangent = flag();
const params = z.enum(['kv', 'q', 'o', 'mlp', 'all']).default('kv');
const optimizer = z.enum(['sgd', 'adam']).default('sgd');
const at = z.enum(['layer', 'residual', 'attention']).default('layer');

/** Options of GD, in the order in which they stand in its name. */
export const gradientDescentOptions = z
  .object({ noise, loss, batch, steps, tangent, params, optimizer })
  .superRefine(refuseWhatDoesNotCombine);

/** Options of LCGD: those of GD, and what of a layer is read. */
export const layerCausalOptions = z
  .object({ noise, loss, batch, steps, at, tangent, params, optimizer })
  .superRefine(refuseWhatDoesNotCombine);

/** Options of a learner that trains, with their defaults. */
export type TrainingOptions = z.infer<typeof gradientDescentOptions> &
  Partial<Pick<z.infer<typeof layerCausalOptions>, 'at'>>;

/** The parameters behind each value of `params`. */
export const GROUPS = {
  kv: 'attention.kv',
  q: 'attention.query',
  o: 'attention.output',
  mlp: 'feedForward',
  all: 'layers',
} as const satisfies Record<TrainingOptions['params'], LayerGroup>;

function refuseWhatDoesNotCombine(options: TrainingOptions, context: z.RefinementCtx): void {
  const refuse = (name: keyof TrainingOptions, message: string): void =>
    context.addIssue({ code: 'custom', path: [name], message });
  if (options.tangent) {
    if (options.batch === 'full') refuse('batch', 'a tangent is of the full batch, leave it out');
    if (options.steps > 1) refuse('steps', 'a tangent takes no steps');
    if (options.optimizer === 'adam')
      refuse('optimizer', 'a tangent is along the gradient, no optimizer takes part');
    if (options.noise) refuse('noise', 'a tangent changes no weights that noise could be as long as');
  } else if (options.steps > 1 && options.batch === 'one') {
    refuse(
      'steps',
      'needs batch=full; with one demonstration a step there are as many steps as demonstrations',
    );
  }
  if (options.params === 'mlp' && (options.at ?? 'layer') !== 'layer')
    refuse('params', `with at=${options.at} the feed-forward blocks have no gradient`);
}
