import { UserError } from '@icl-gd/gpu-kernels/errors';
import { pretrain } from '../../synthetic/pretraining/pretrain.ts';
import { type Recipe, recipes } from '../../synthetic/pretraining/recipe.ts';
import { choose, integer } from '../choose.ts';
import type { RawPretrainOptions } from '../raw-options.ts';
import { fromWhereTyped } from '../../terminal/place-typed.ts';
import { print } from '../../terminal/print.ts';
import { counted } from '../../terminal/words.ts';

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
  print(
    `${result.finished ? 'trained' : 'stopped after'} ${counted(result.taken, 'step')}, ${counted(result.tokens, 'token')} in ${result.seconds.toFixed(0)} s ` +
      `(${(result.tokens / result.seconds).toFixed(0)} tokens/s) on ${result.adapter}`,
  );
  print(`weights: sha256 ${result.digest}`);
  print(`model: ${fromWhereTyped(options.out)}`);
}
