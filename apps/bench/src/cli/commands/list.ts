import type { Command } from 'commander';
import type { RawListOptions } from '../raw-options.ts';
import { again } from './again.ts';
import { print } from '../../terminal/print.ts';

/** `icl-gd devices` and `icl-gd ls`: what there is to choose from. */
export function addListCommands(program: Command): void {
  program
    .command('devices')
    .description('list the adapters that --adapter can choose')
    .option(
      '--measure',
      'also measure the peak rates of multiply-adds and of copying, and the rate of a matrix product',
    )
    .action(async ({ measure = false }: { readonly measure?: boolean }) => {
      const { listAdapters } = await import('@icl-gd/gpu-kernels');
      const adapters = await listAdapters();
      for (const { description, vendor, kind, source, profile } of adapters)
        print(`${kind}\t${profile}\t${description}\t${vendor}\t${source}`);
      if (!measure) return;
      const { measureAdapters } = await import('../actions/measure-adapters.ts');
      print(await measureAdapters(adapters));
    });

  program
    .command('ls')
    .description('list what is known')
    .argument('[what]', 'datasets, models, presets, methods, metrics')
    .option('--learner-file <file>', 'also list a learner of your own; may be given several times', again)
    .option('--metric-file <file>', 'also list a metric of your own; may be given several times', again)
    .option('--family-file <file>', 'also list a model family of your own; may be given several times', again)
    .action(async (what: string | undefined, options: RawListOptions) => {
      const { renderLists } = await import('../actions/list.ts');
      print(await renderLists(what, options));
    });
}
