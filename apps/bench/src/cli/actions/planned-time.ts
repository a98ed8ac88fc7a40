import { type PlannedTime, measureRun } from '../../experiment/planned-time/measure-run.ts';
import { doneDoing } from '../../terminal/heartbeat.ts';
import { print } from '../../terminal/print.ts';
import { counted } from '../../terminal/words.ts';
import { type RunPass, inTemporaryFolder, locate } from '../run-passes.ts';
import { downloadObserver } from '../find-model.ts';

/**
 * Measures a small part of each pass and says how long it will take. What passes share is counted with each of them.
 * @throws UserError as the run itself would
 */
export async function printPlannedTime(passes: readonly RunPass[]): Promise<void> {
  const observer = downloadObserver();
  await inTemporaryFolder(async (folder) => {
    const made = await passes[0]?.prepare?.(folder);
    for (const pass of passes) {
      const planned = await measureRun(await locate(pass, made, observer), folder);
      doneDoing();
      print(describe(planned));
    }
  });
}

function describe({ work, adapter, all, parts, measured }: PlannedTime): string {
  const { cells, steps, stepTokens, probedTokens, flop } = work;
  const amount = `${counted(cells, 'cell')} once each, ${counted(steps, 'step')} of training on ${stepTokens} tokens, ${probedTokens} tokens probed, ${(flop / 1e9).toFixed(0)} GFLOP in weights`;
  const told = parts.map(({ what, spent }) => `${what} ${duration(spent.clock)}`).join(', ');
  return `work: ${amount}\nplanned time: ${duration(all.clock)} on ${adapter} as busy as it is (${told}), ${duration(all.cpu)} of CPU time, tables and figures not counted; measured in ${duration(measured)}`;
}

function duration(seconds: number): string {
  if (seconds < 600) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 6000 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
