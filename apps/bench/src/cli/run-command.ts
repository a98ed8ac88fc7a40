import { UserError } from '@icl-gd/gpu-kernels/errors';
import { isSystemError, storageError } from '@icl-gd/transformer/files';
import { type Command, CommanderError } from 'commander';
import { explain, invocationOf } from './advice.ts';
import { createProgram } from './program.ts';

const EXIT_FAILURE = 1;
const EXIT_USER_ERROR = 2;
/** The disk or the file system refused, where the input was right. */
const EXIT_STORAGE = 3;

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
    return report(asUserError(error), invoked);
  }
}

/** A file that nothing else has a word about, as one line like all others. */
function asUserError(error: unknown): unknown {
  return isSystemError(error) && 'path' in error && typeof error.path === 'string'
    ? storageError(error.path, error)
    : error;
}

function report(error: unknown, invoked: Command | undefined): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USER_ERROR;
  if (error instanceof UserError) {
    console.error(`icl-gd: ${explain(error, invocationOf(invoked))}`);
    return error.code === 'storage' ? EXIT_STORAGE : EXIT_USER_ERROR;
  }
  console.error(`icl-gd: failed: ${(error as Error).message}`);
  if (process.env['ICL_GD_DEBUG']) console.error(error);
  else
    console.error('ICL_GD_DEBUG=1 shows where; finished parts are kept, the same command goes on from there');
  return EXIT_FAILURE;
}
