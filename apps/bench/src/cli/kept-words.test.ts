import { Command } from 'commander';
import { expect, test } from 'vitest';
import { keptWords } from './kept-words.ts';
import { createProgram } from './program.ts';

/** The words of a command of the program whose options are typed so. */
function words(name: string, ...typed: string[]): string | undefined {
  const command = createProgram(() => {}).commands.find((own) => own.name() === name) as Command;
  command.parseOptions(typed);
  return keptWords(command);
}

test.each([
  ['run', 'finished parts are kept, the same command goes on from there'],
  ['shots', 'finished parts are kept, the same command goes on from there'],
  ['flips', 'finished parts are kept, the same command goes on from there'],
  ['sweep', 'finished parts are kept, the same command goes on from there'],
  ['pretrain', 'what was saved of the training is kept, the same command goes on from there'],
  ['inspect', 'nothing is kept but what was downloaded'],
  ['tables', 'tables written so far are whole, the same command writes all of them'],
  ['score', 'tables written so far are whole, the same command writes all of them'],
  ['validate', 'files written so far are whole, the same command writes all of them'],
  ['devices', undefined],
  ['ls', undefined],
])('a stopped %s says what it leaves', (name, kept) => {
  expect(words(name)).toBe(kept);
});

test('every command is in the list above', () => {
  expect(
    createProgram(() => {})
      .commands.map((command) => command.name())
      .toSorted(),
  ).toEqual([
    'devices',
    'flips',
    'inspect',
    'ls',
    'pretrain',
    'run',
    'score',
    'shots',
    'sweep',
    'tables',
    'validate',
  ]);
});

test('with --fresh the same command would begin anew', () => {
  const advice = 'the same command without --fresh goes on from there';
  expect(words('run', '--fresh')).toBe(`finished parts are kept, ${advice}`);
  expect(words('pretrain', '--fresh')).toBe(`what was saved of the training is kept, ${advice}`);
});

test.each(['--check-only', '--dry-run'])('a run with %s keeps nothing', (option) => {
  expect(words('run', option)).toBe('nothing is kept but what was downloaded');
});
