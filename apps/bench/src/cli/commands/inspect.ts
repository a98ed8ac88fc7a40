import type { RawInspectOptions } from '../raw-options.ts';
import type { Command } from 'commander';
import { again } from './again.ts';
import { print } from '../../terminal/print.ts';

/** `icl-gd inspect`: whether a checkpoint is read right. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('load a model and show how it reads a text: likelihoods, best next tokens, continuation')
    .requiredOption('--model <dir|id>', 'Hugging Face model directory, or hub id owner/name[@revision]')
    .option('--text <text>', "text, encoded with the model's tokenizer; no BOS is added (see --bos)")
    .option('--tokens <ids>', 'token ids instead of a text, comma-separated; no tokenizer is needed')
    .option('--bos', "put the model's BOS token before the text or tokens")
    .option('--greedy <n>', 'tokens to continue with, the likeliest each time (default: 0)')
    .option('--adapter <name>', 'as for `icl-gd run` (default: auto)')
    .option('--dtype <dtype>', 'as for `icl-gd run` (default: float32)')
    .option('--memory-budget <GiB>', 'as for `icl-gd run`')
    .option('--family-file <file>', 'as for `icl-gd run`', again)
    .option('--json', 'print JSON')
    .action(async (options: RawInspectOptions) => {
      const { inspect } = await import('../actions/inspect.ts');
      print(await inspect(options));
    });
}
