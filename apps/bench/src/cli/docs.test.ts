import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFamilies } from '@icl-gd/transformer/families';
import { expect, test } from 'vitest';
import { builtInTasks } from '../tasks/tasks.ts';
import { PRESET_IDS } from './presets/list-presets.ts';
import { createProgram } from './program.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const CLI = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
const word = (text: string): RegExp => new RegExp(String.raw`(?<![\w-])${text}(?![\w-])`);

test.each(listFamilies())('README.md names $architecture', ({ architecture }) => {
  expect(README).toMatch(word(architecture));
});

test.each(builtInTasks())('docs/cli.md has $id in its table of tasks', ({ id }) => {
  const rows = CLI.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.some((row) => row.split('|')[1]?.includes(`\`${id}\``))).toBe(true);
});

test.each(PRESET_IDS)('docs/cli.md has the preset %s', (id) => {
  expect(CLI).toContain(`| \`${id}\` |`);
});

const options = createProgram(() => {}).commands.flatMap((command) =>
  command.options.map(({ long }) => [command.name(), long as string] as const),
);
test.each(options)('docs/cli.md names the option of %s %s', (_, long) => {
  expect(CLI).toMatch(word(long));
});
