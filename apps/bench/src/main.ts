import { UserError } from '@icl-gd/gpu-kernels/errors';
import { CommanderError } from 'commander';
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
try {
  await createProgram((code) => (exitCode = code)).parseAsync();
} catch (error) {
  exitCode = report(error);
}
// Dawn's bindings would keep the process alive.
process.exit(exitCode);

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USER_ERROR;
  const { message } = error as Error;
  if (error instanceof UserError) {
    console.error(`icl-gd: ${message}`);
    return EXIT_USER_ERROR;
  }
  console.error(`icl-gd: failed: ${message}`);
  if (process.env['ICL_GD_DEBUG']) console.error(error);
  else
    console.error('ICL_GD_DEBUG=1 shows where; finished parts are kept, the same command goes on from there');
  return EXIT_FAILURE;
}
