import { UserError } from '@icl-gd/gpu-kernels/errors';
import { isSystemError, storageError } from '@icl-gd/transformer/files';
import { type Command, CommanderError } from 'commander';
import { doneDoing } from '../terminal/heartbeat.ts';
import { printStack, say } from '../terminal/print.ts';
import { explain, invocationOf } from './advice.ts';
import { keptWords } from './kept-words.ts';
import { createProgram } from './program.ts';

export const EXIT_FAILURE = 1;
const EXIT_USER_ERROR = 2;
/** The disk or the file system refused, where the input was right. */
export const EXIT_STORAGE = 3;

/**
 * Runs a command line.
 * @param args without `node` and the program's name
 * @param onCommand told before a command is run what it leaves if it is stopped, if anything
 * @returns the exit code (docs/cli.md)
 */
export async function runCommand(
  args: readonly string[],
  onCommand: (kept: string | undefined) => void = () => {},
): Promise<number> {
  let exitCode = 0;
  let invoked: Command | undefined;
  try {
    await createProgram((code) => (exitCode = code))
      .hook('preAction', (_, command) => {
        invoked = command;
        onCommand(keptWords(command));
      })
      .parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(asUserError(error), invoked);
  } finally {
    doneDoing();
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
    say(`icl-gd: ${explain(error, invocationOf(invoked))}`);
    return error.code === 'storage' ? EXIT_STORAGE : EXIT_USER_ERROR;
  }
  say(`icl-gd: failed: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env['ICL_GD_DEBUG']) printStack(error);
  else {
    const kept = invoked && keptWords(invoked);
    say(`ICL_GD_DEBUG=1 shows where${kept === undefined ? '' : `; ${kept}`}`);
  }
  return EXIT_FAILURE;
}
