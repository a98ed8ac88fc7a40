import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type Command, CommanderError } from 'commander';
import { explain, invocationOf } from './advice.ts';
import { createProgram } from './program.ts';

const EXIT_FAILURE = 1;
const EXIT_USER_ERROR = 2;

/**
 * Runs a command line.
 * @param args without `node` and the program's name
 * @returns the exit code (docs/cli.md)
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  let invoked: Command | undefined;
  try {
    await createProgram((code) => (exitCode = code))
      .hook('preAction', (_, command) => {
        invoked = command;
      })
      .parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, invoked);
  }
}

function report(error: unknown, invoked: Command | undefined): number {
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
