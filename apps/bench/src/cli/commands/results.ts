import type { RawResultsOptions } from '../raw-options.ts';
import type { Command } from 'commander';

/** `icl-gd tables` and `icl-gd validate`: what a finished run says. */
export function addResultsCommands(program: Command): void {
  program
    .command('tables')
    .description(
      'rebuild table1.csv, table2.csv and comparison.csv from summary.csv and table3.csv and print them',
    )
    .option('--from <dir>', 'folder of a run (required)')
    .action(async (options: RawResultsOptions) => {
      const { rebuildTables } = await import('../actions/results.ts');
      await rebuildTables(options);
    });

  program
    .command('validate')
    .description(
      "one page of what a run measured, on the paper's model and data against the published figures; writes summary.md, summary.html and figures/",
    )
    .option('--from <dir>', 'folder of a run (required)')
    .option('--out <dir>', 'folder for what is written (default: that of --from)')
    .option(
      '--headline <token>',
      'probed token that the page is about, prompt or label; the other stands beside it (default: prompt where it was run)',
    )
    .option(
      '--margin <m>',
      'by how much a score may differ and count as the same (default: that of the run, 0.05)',
    )
    .action(async (options: RawResultsOptions) => {
      const { validateRun } = await import('../actions/results.ts');
      await validateRun(options);
    });
}
