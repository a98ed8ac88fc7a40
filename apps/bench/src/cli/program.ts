import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { addInspectCommand } from './commands/inspect.ts';
import { addListCommands } from './commands/list.ts';
import { addPretrainCommand } from './commands/pretrain.ts';
import { addResultsCommands } from './commands/results.ts';
import { addRunCommand } from './commands/run.ts';
import { addScoreCommand } from './commands/score.ts';
import { addStudyCommands } from './commands/studies.ts';
import { say } from '../terminal/print.ts';

/**
 * The command line. A command loads what it needs when it is run, so that the others start at once.
 *
 * @param setExitCode called where a command finishes with another exit code than 0
 */
export function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('icl-gd')
    .description(
      'In-context learning and gradient descent compared: the experiment of Deutch et al. (NAACL 2024) on WebGPU.',
    )
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError(false)
    .configureOutput({ outputError: (text) => say(text.replace(/^error: /, 'icl-gd: ')) });
  addRunCommand(program, setExitCode);
  addInspectCommand(program);
  addPretrainCommand(program);
  addStudyCommands(program);
  addListCommands(program);
  addResultsCommands(program);
  addScoreCommand(program);
  return program;
}
