import { setImmediate } from 'node:timers/promises';
import { hasCode, storageError } from '@icl-gd/transformer/files';
import { EXIT_FAILURE, EXIT_STORAGE, runCommand } from './cli/run-command.ts';
import { say } from './terminal/print.ts';
import { findSupervisor } from './terminal/supervisor.ts';

const STOPPED = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** 128 and SIGPIPE's number: whoever read the output has read enough. */
const EXIT_PIPE_CLOSED = 141;

const supervisor = findSupervisor();
let words = 'stopped';

for (const [signal, code] of Object.entries(STOPPED)) {
  process.once(signal, () => {
    if (supervisor) {
      // Last, since drivers wait for what they compute before they let a process end. There is no handler any more.
      process.on('exit', () => process.kill(process.pid, signal));
    } else say(`icl-gd: ${words}`);
    process.exit(code);
  });
}
let unprinted: unknown;
process.stdout.on('error', (error) => {
  if (hasCode(error, 'EPIPE')) process.exit(EXIT_PIPE_CLOSED);
  // A run goes on: its tables are files.
  unprinted ??= error;
});
// Nobody reads what it says: no reason to stop computing.
process.stderr.on('error', () => {});

let finished = false;
process.on('exit', (code) => {
  if (finished || code !== 0) return;
  say(
    'icl-gd: failed: a file of your own (learner, metric or family) ended the program or is never loaded to its end',
  );
  process.exitCode = EXIT_FAILURE;
});
// Not awaited at the top: Node would warn, in lines of its own, where a file of the user's own is never loaded to its end.
void main();

async function main(): Promise<never> {
  const code = await runCommand(process.argv.slice(2), (kept) => {
    words = kept === undefined ? 'stopped' : `stopped; ${kept}`;
    supervisor?.tell(words);
    if (kept !== undefined) supervisor?.follow();
  });
  // Whether the last lines could be written is told after them.
  await setImmediate();
  if (unprinted) say(`icl-gd: ${(storageError('standard output', unprinted) as Error).message}`);
  finished = true;
  // Dawn's bindings would keep the process alive.
  process.exit(unprinted && code === 0 ? EXIT_STORAGE : code);
}
