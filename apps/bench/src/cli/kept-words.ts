import type { Command } from 'commander';

const FINISHED_PARTS = 'finished parts are kept';

/** By command: what is there when it ends before its time. */
const KEPT: Readonly<Record<string, string>> = {
  run: FINISHED_PARTS,
  shots: FINISHED_PARTS,
  flips: FINISHED_PARTS,
  sweep: FINISHED_PARTS,
  pretrain: 'what was saved of the training is kept',
  inspect: 'nothing is kept but what was downloaded',
  tables: 'tables written so far are whole, the same command writes all of them',
  score: 'tables written so far are whole, the same command writes all of them',
  validate: 'files written so far are whole, the same command writes all of them',
};
/** Commands that go on where they stopped. */
const RESUMED = new Set(['run', 'shots', 'flips', 'sweep', 'pretrain']);

/**
 * What a command leaves that is stopped or fails, and what the same command makes of it.
 *
 * @returns undefined for one that has nothing to leave
 */
export function keptWords(command: Command): string | undefined {
  const name = command.name();
  const { dryRun, checkOnly, fresh } = command.opts<Readonly<Record<string, boolean | undefined>>>();
  if (dryRun || checkOnly) return KEPT['inspect'];
  const kept = KEPT[name];
  if (kept === undefined || !RESUMED.has(name)) return kept;
  return `${kept}, the same command ${fresh ? 'without --fresh ' : ''}goes on from there`;
}
