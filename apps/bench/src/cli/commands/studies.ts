import type { RawFlipsOptions, RawShotsOptions, RawSweepOptions } from '../raw-options.ts';
import type { Command } from 'commander';
import { again } from './again.ts';

const DEFAULT_SHOTS = '0,1,2,4,8,16,32';
const DEFAULT_SHARES = '0,0.25,0.5,0.75,1';
/** Twice per decade, over the range in which small models neither stand still nor diverge. */
const DEFAULT_RATES = '0.001,0.003,0.01,0.03,0.1,0.3,1';

/** `icl-gd shots`, `flips` and `sweep`: accuracies alone, over shots, flipped labels and learning rates. */
export function addStudyCommands(program: Command): void {
  withCommonOptions(
    program
      .command('shots')
      .description('in-context accuracy by number of demonstrations: shots.csv, shots.svg'),
  )
    .option('--shots <list>', 'numbers of demonstrations', DEFAULT_SHOTS)
    .option('--labels <list>', 'labels of the demonstrations: gold, wrong, random', 'gold,wrong')
    .option('--variants <list>', 'as for `icl-gd run` (default: trained)')
    .option('--init-seed <n>', 'as for `icl-gd run`')
    .action(async (options: RawShotsOptions) => {
      const { shots } = await import('../actions/studies.ts');
      await shots(options);
    });

  withCommonOptions(
    program
      .command('flips')
      .description('accuracy by share of the demonstrations with a flipped label: flips.csv, flips.svg'),
  )
    .option('--shares <list>', 'shares of the demonstrations, 0 to 1', DEFAULT_SHARES)
    .option('--methods <list>', 'learners besides ICL, as for `icl-gd run`')
    .option('--learner-file <file>', 'as for `icl-gd run`', again)
    .option('--shots <k>', "demonstrations (default: the paper's, 32)")
    .option('--learning-rate <rate>', 'as for `icl-gd run`')
    .option('--fine-tuning-order <name>', 'as for `icl-gd run`')
    .action(async (options: RawFlipsOptions) => {
      const { flips } = await import('../actions/studies.ts');
      await flips(options);
    });

  withCommonOptions(
    program
      .command('sweep')
      .description(
        'accuracy of fine-tuning by learning rate, on the training split alone: sweep.csv, sweep.svg',
      ),
  )
    .option('--learning-rates <list>', 'learning rates', DEFAULT_RATES)
    .option('--methods <list>', 'learners that take a learning rate (default: those of `icl-gd run` that do)')
    .option('--learner-file <file>', 'as for `icl-gd run`', again)
    .option('--shots <k>', "demonstrations (default: the paper's, 32)")
    .action(async (options: RawSweepOptions) => {
      const { sweep } = await import('../actions/studies.ts');
      await sweep(options);
    });
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--model <dir|id>', 'as for `icl-gd run`')
    .option('--data <dir>', 'as for `icl-gd run`')
    .option('--preset <name>', 'as for `icl-gd run`')
    .option('--task-file <file>', 'as for `icl-gd run`', again)
    .option('--family-file <file>', 'as for `icl-gd run`', again)
    .option('--datasets <list>', 'as for `icl-gd run`')
    .option('--seeds <list>', 'as for `icl-gd run`')
    .option('--permutation <p>', 'as for `icl-gd run`')
    .option('--examples <n>', 'evaluated examples, at most 2000 (default: 2000)')
    .option('--adapter <name>', 'as for `icl-gd run` (default: auto)')
    .option('--matmul <kind>', 'as for `icl-gd run` (default: auto)')
    .option('--token-budget <n>', 'most tokens in one packed batch (default: 2048)')
    .option('--profile [file]', 'as for `icl-gd run`')
    .option('--fresh', 'compute everything again')
    .option('--out <dir>', 'folder for the results (required)');
}
