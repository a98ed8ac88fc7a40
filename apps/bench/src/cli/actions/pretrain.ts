import { UserError } from '@icl-gd/gpu-kernels/errors';
import { pretrain } from '../../synthetic/pretraining/pretrain.ts';
import { type Recipe, recipes } from '../../synthetic/pretraining/recipe.ts';
import { choose, integer } from '../choose.ts';
import type { RawPretrainOptions } from '../raw-options.ts';

/**
 * Trains a model and prints throughput, digest and folder.
 *
 * @throws UserError naming the option that does not fit
 */
export async function pretrainModel(options: RawPretrainOptions): Promise<void> {
  if (!options.out) throw new UserError('--out is missing: the folder that the model goes to');
  const known = choose(
    '--preset',
    options.preset ?? 'tiny',
    recipes().map(({ id }) => id),
  );
  const result = await pretrain({
    recipe: recipes().find(({ id }) => id === known) as Recipe,
    seed: options.seed === undefined ? 0 : integer('--seed', options.seed, 0),
    adapter: options.adapter ?? 'auto',
    out: options.out,
    fresh: options.fresh ?? false,
    ...(options.stopAfter === undefined ? {} : { stopAfter: integer('--stop-after', options.stopAfter, 1) }),
  });
  console.log(
    `${result.finished ? 'trained' : 'stopped after'} ${result.taken} steps, ${result.tokens} tokens in ${result.seconds.toFixed(0)} s ` +
      `(${(result.tokens / result.seconds).toFixed(0)} tokens/s) on ${result.adapter}`,
  );
  console.log(`weights: sha256 ${result.digest}`);
  console.log(`model: ${options.out}`);
}
