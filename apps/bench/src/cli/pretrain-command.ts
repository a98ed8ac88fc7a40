import { UserError } from '@icl-gd/transformer';
import type { Command } from 'commander';
import { pretrain } from '../synthetic/pretraining/pretrain.ts';
import { RECIPES, type Recipe } from '../synthetic/pretraining/recipe.ts';
import { choose, integer } from './choose.ts';

interface RawPretrainOptions {
  readonly preset?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly adapter?: string;
  readonly stopAfter?: string;
  readonly fresh?: boolean;
}

/** `icl-gd pretrain`: a model from scratch. */
export function addPretrainCommand(program: Command): void {
  program
    .command('pretrain')
    .description('train a small model from scratch on the synthetic language; a stopped training goes on')
    .option(
      '--preset <name>',
      `${RECIPES.map(({ id, title }) => `${id}: ${title}`).join('; ')} (default: tiny)`,
    )
    .option('--seed <n>', 'seed of first weights and documents (default: 0)')
    .option('--out <dir>', 'folder for the model, its log and the state to go on from (required)')
    .option('--adapter <name>', 'as for `icl-gd run` (default: auto)')
    .option('--stop-after <step>', 'stop early; the same command without it goes on')
    .option('--fresh', 'begin anew, whatever an earlier training left')
    .action(async (options: RawPretrainOptions) => {
      if (!options.out) throw new UserError('--out is missing: the folder that the model goes to');
      const known = choose(
        '--preset',
        options.preset ?? 'tiny',
        RECIPES.map(({ id }) => id),
      );
      const result = await pretrain({
        recipe: RECIPES.find(({ id }) => id === known) as Recipe,
        seed: options.seed === undefined ? 0 : integer('--seed', options.seed, 0),
        adapter: options.adapter ?? 'auto',
        out: options.out,
        fresh: options.fresh ?? false,
        ...(options.stopAfter === undefined
          ? {}
          : { stopAfter: integer('--stop-after', options.stopAfter, 1) }),
      });
      console.log(
        `${result.finished ? 'trained' : 'stopped after'} ${result.taken} steps, ${result.tokens} tokens in ${result.seconds.toFixed(0)} s ` +
          `(${(result.tokens / result.seconds).toFixed(0)} tokens/s) on ${result.adapter}`,
      );
      console.log(`weights: sha256 ${result.digest}`);
      console.log(`model: ${options.out}`);
    });
}
