import type { Command } from 'commander';

/** `icl-gd devices` and `icl-gd ls`: what there is to choose from. */
export function addListCommands(program: Command): void {
  program
    .command('devices')
    .description('list the adapters that --adapter can choose')
    .action(async () => {
      const { listAdapters } = await import('@icl-gd/gpu-kernels');
      for (const { description, vendor, kind, source, profile } of await listAdapters())
        console.log(`${kind}\t${profile}\t${description}\t${vendor}\t${source}`);
    });

  program
    .command('ls')
    .description('list what is known')
    .argument('[what]', 'datasets, models, presets, methods, metrics')
    .action(async (what: string | undefined) => {
      const { renderLists } = await import('../actions/list.ts');
      console.log(await renderLists(what));
    });
}
