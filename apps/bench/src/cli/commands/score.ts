import type { Command } from 'commander';
import type { RawScoreOptions } from '../raw-options.ts';
import { again } from './again.ts';

/** `icl-gd score`: metrics of probes that someone else recorded. */
export function addScoreCommand(program: Command): void {
  program
    .command('score')
    .description(
      'compute every metric from recorded probes: those of --save-probes, of PyTorch, or caches of TransformerLens; prints the table of a run',
    )
    .option('--probes <dir>', 'folder of .safetensors files, as docs/probe-files.md has them (required)')
    .option(
      '--metric-file <file>',
      'also compute a metric of your own (docs/cli.md); may be given several times',
      again,
    )
    .option('--out <dir>', 'also write the tables of a run there')
    .action(async (options: RawScoreOptions) => {
      const { scoreProbes } = await import('../actions/score.ts');
      await scoreProbes(options);
    });
}
