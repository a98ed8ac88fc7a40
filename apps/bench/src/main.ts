import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type Command, CommanderError } from 'commander';
import { explain, invocationOf } from './cli/advice.ts';
import { createProgram } from './cli/program.ts';

const EXIT_FAILURE = 1;
const EXIT_USER_ERROR = 2;
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

for (const [signal, code] of Object.entries(INTERRUPTED)) {
  process.once(signal, () => {
    console.error('\nicl-gd: stopped; finished parts are kept, the same command goes on from there');
    process.exit(code);
  });
}

let exitCode = 0;
let invoked: Command | undefined;
try {
  await createProgram((code) => (exitCode = code))
    .hook('preAction', (_, command) => {
      invoked = command;
    })
    .parseAsync();
} catch (error) {
  exitCode = report(error);
}
// Dawn's bindings would keep the process alive.
process.exit(exitCode);

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USER_ERROR;
  if (error instanceof UserError) {
    console.error(`icl-gd: ${explain(error, invocationOf(invoked))}`);
    return EXIT_USER_ERROR;
  }
  console.error(`icl-gd: failed: ${(error as Error).message}`);
  if (process.env['ICL_GD_DEBUG']) console.error(error);
  else
    console.error('ICL_GD_DEBUG=1 shows where; finished parts are kept, the same command goes on from there');
  return EXIT_FAILURE;
}
