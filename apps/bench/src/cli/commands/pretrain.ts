import type { RawPretrainOptions } from '../raw-options.ts';
import type { Command } from 'commander';

/** `icl-gd pretrain`: a model from scratch. */
export function addPretrainCommand(program: Command): void {
  program
    .command('pretrain')
    .description('train a small model from scratch on the synthetic language; a stopped training goes on')
    .option('--preset <name>', 'the recipe; tiny is that of the embedded model (default: tiny)')
    .option('--seed <n>', 'seed of first weights and documents (default: 0)')
    .option('--out <dir>', 'folder for the model, its log and the state to go on from (required)')
    .option('--adapter <name>', 'as for `icl-gd run` (default: auto)')
    .option('--stop-after <step>', 'stop early; the same command without it goes on')
    .option('--fresh', 'begin anew, whatever an earlier training left')
    .action(async (options: RawPretrainOptions) => {
      const { pretrainModel } = await import('../actions/pretrain.ts');
      await pretrainModel(options);
    });
}
